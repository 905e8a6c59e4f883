# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#   cmake -DINPUT=file -DOUTPUT=file.inc -P EmbedFile.cmake
#
# Writes the bytes of a file as a C string literal. Not `.incbin`, whose input ccache does not see.

file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
file(WRITE ${OUTPUT} "\"${bytes}\"\n")
