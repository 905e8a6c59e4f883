/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* Generates tokens with a YOCO model: embed-c MODEL.yoco NEW_TOKENS ID [ID...] */
#include "yoco/yoco.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  char error[512] = "usage: embed-c MODEL.yoco NEW_TOKENS ID [ID...]";
  yoco_model *model = NULL;
  yoco_session *session = NULL;
  if (argc < 4 || yoco_model_open_file(argv[1], NULL, &model, error, sizeof(error)) != YOCO_OK ||
      yoco_session_create(model, NULL, &session, error, sizeof(error)) != YOCO_OK)
    return fprintf(stderr, "embed-c: %s\n", error), 1;
  yoco_model_info info = {.struct_size = sizeof(info)};
  yoco_model_get_info(model, &info);
  float *logits = malloc(info.vocabulary_size * sizeof(float));
  int32_t *prompt = malloc((size_t)argc * sizeof(int32_t)), slot = 0, id;
  for (int i = 3; i < argc; ++i)
    prompt[i - 3] = atoi(argv[i]);
  yoco_status status = yoco_session_prompt(session, slot, prompt, (size_t)argc - 3, logits);
  for (int left = atoi(argv[2]); status == YOCO_OK && left > 0; --left) {
    yoco_sample(logits, info.vocabulary_size, NULL, 0, &id, NULL, 0); /* greedy */
    printf("%d%c", id, left > 1 ? ' ' : '\n');
    if (left > 1)
      status = yoco_session_decode(session, &slot, &id, 1, logits);
  }
  if (status != YOCO_OK)
    fprintf(stderr, "embed-c: %s\n", yoco_session_last_error(session));
  free(prompt);
  free(logits);
  yoco_session_destroy(session);
  yoco_model_destroy(model);
  return status != YOCO_OK;
}
