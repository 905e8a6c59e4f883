/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The public header compiles as C99 without a warning, and each function has
 * the linkage of C. */

#include "yoco/yoco.h"

uint32_t yocoApiVersionSeenFromC(void);

uint32_t yocoApiVersionSeenFromC(void) {
  yoco_session_options options = {.struct_size = sizeof(options), .threads = 1};
  return options.threads == 1 && yoco_api_version() == YOCO_API_VERSION ? YOCO_API_VERSION : 0;
}
