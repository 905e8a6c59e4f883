/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Generates tokens with a YOCO model: embed-c MODEL.yoco NEW_TOKENS ID [ID...]
 */
#include "yoco/yoco.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  char error[512] = "usage: embed-c MODEL.yoco NEW_TOKENS ID [ID...]";
  yoco_model *model = NULL;
  yoco_session *session = NULL;
  int ok = argc > 3 &&
           yoco_model_open_file(argv[1], NULL, &model, error, sizeof(error)) ==
               YOCO_OK &&
           yoco_session_create(model, NULL, &session, error, sizeof(error)) ==
               YOCO_OK;
  if (!ok) {
    fprintf(stderr, "embed-c: %s\n", error);
    return 1;
  }
  yoco_model_info info = {.struct_size = sizeof(info)};
  yoco_model_get_info(model, &info);
  float *logits = malloc(info.vocabulary_size * sizeof(float));
  int32_t *prompt = malloc((size_t)argc * sizeof(int32_t)), slot = 0, id;
  for (int i = 3; i < argc; ++i)
    prompt[i - 3] = atoi(argv[i]);

  ok = yoco_session_prompt(session, slot, prompt, (size_t)argc - 3, logits) ==
       YOCO_OK;
  for (int left = atoi(argv[2]); ok && left > 0; --left) {
    ok = yoco_sample(logits, info.vocabulary_size, NULL, 0, &id, NULL, 0) ==
         YOCO_OK; /* greedy */
    printf("%d%c", id, left > 1 ? ' ' : '\n');
    ok = ok && (left == 1 ||
                yoco_session_decode(session, &slot, &id, 1, logits) == YOCO_OK);
  }
  if (!ok)
    fprintf(stderr, "embed-c: %s\n", yoco_session_last_error(session));
  free(prompt);
  free(logits);
  yoco_session_destroy(session);
  yoco_model_destroy(model);
  return ok ? 0 : 1;
}
