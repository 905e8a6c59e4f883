// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/ToyCluster.h"

namespace yoco::test {

// toy_logits: 16 threads a row, of which 11 have a column.
static constexpr char kPtx[] = R"ptx(.version 7.8
.target sm_90
.address_size 64

.visible .entry toy_mix(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3, .param .u64 p4,
                        .param .u64 p5, .param .u64 p6, .param .u64 p7)
{
  ret;
}

.visible .entry toy_logits(.param .u64 x, .param .u64 bias, .param .u64 spread, .param .u64 logits,
                           .param .u64 rows)
{
  .reg .pred %p<2>;
  .reg .b32 %r<16>;
  .reg .b64 %d<4>;
  .reg .f32 %f<1>;
  .shared .align 4 .b32 own;

  mov.u32 %r0, %ctaid.x;
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, %cluster_ctarank;
  mov.u32 %r3, %cluster_nctarank;
  mov.u32 %r4, own;
  setp.eq.u32 %p0, %r1, 0;
  @%p0 st.shared.u32 [%r4], %r0;
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;
  xor.b32 %r5, %r2, 1;
  mapa.shared::cluster.u32 %r6, %r4, %r5;
  ld.shared::cluster.u32 %r7, [%r6];
  // No block ends while the other one reads its memory.
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;

  shr.u32 %r8, %r0, 1;
  shl.b32 %r8, %r8, 2;
  shr.u32 %r9, %r1, 4;
  add.u32 %r8, %r8, %r9;
  and.b32 %r10, %r1, 15;
  and.b32 %r11, %r8, 1;
  ld.param.u64 %d0, [rows];
  cvt.u64.u32 %d1, %r8;
  setp.ge.u64 %p0, %d1, %d0;
  setp.ge.or.u32 %p0, %r10, 11, %p0;
  setp.ne.or.u32 %p0, %r11, %r2, %p0;
  @%p0 ret;

  mul.lo.u32 %r12, %r3, 1000;
  mad.lo.u32 %r12, %r7, 10, %r12;
  add.u32 %r12, %r12, %r2;
  cvt.rn.f32.u32 %f0, %r12;
  mad.lo.u32 %r13, %r8, 11, %r10;
  mul.wide.u32 %d1, %r13, 4;
  ld.param.u64 %d2, [logits];
  cvta.to.global.u64 %d2, %d2;
  add.u64 %d2, %d2, %d1;
  st.global.f32 [%d2], %f0;
  ret;
}
)ptx";

ToyModel toyForClusters() {
  ToyModel toy;
  fb::VariantT &variant = toy.variant();
  variant.device = "cuda";
  variant.target = "nvptx:sm_90";
  toy.blobs[1] = std::string(kPtx) + '\0';
  auto image = std::make_unique<fb::ImageT>();
  image->format = fb::ImageFormat::ptx;
  image->architecture = "sm_90";
  image->code = std::move(variant.code);
  for (size_t i = 0; i < variant.kernels.size(); ++i) {
    image->launches.push_back(std::make_unique<fb::KernelLaunchT>());
    image->launches.back()->threads = 64;
    image->launches.back()->cluster = 2;
  }
  variant.images.push_back(std::move(image));
  for (auto &entry : variant.entries)
    for (auto &instruction : entry->programs[0]->instructions)
      if (auto *launch = instruction->operation.AsLaunch())
        launch->multiplier = 2;
  toy.features = kFeatureDeviceCode;
  return toy;
}

} // namespace yoco::test
