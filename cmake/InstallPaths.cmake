# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Where installed files go, below the prefix.
include(GNUInstallDirs)

set(YOCO_INSTALL_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake/yoco)
set(YOCO_INSTALL_PKGCONFIG ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
# From the folder of a .pc file to the prefix.
file(RELATIVE_PATH YOCO_PC_PREFIX /prefix/${YOCO_INSTALL_PKGCONFIG} /prefix)
