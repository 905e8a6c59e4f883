/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A shared object that the runtime must refuse: it calls a function that it
 * does not define. */

#include <stdint.h>

void elsewhere(void);

void toy_mix(const uint64_t *arguments, uint32_t tile_begin, uint32_t tile_end) {
  (void)arguments, (void)tile_begin, (void)tile_end;
  elsewhere();
}
