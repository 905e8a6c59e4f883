// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of phases `planned` and `program`: memory, and the closed set of instructions.

#ifndef YOCO_DIALECT_YOCOPLANNEDOPS_TD
#define YOCO_DIALECT_YOCOPLANNEDOPS_TD

include "dialect/YocoFusedOps.td"

def Yoco_Costs : TypedArrayAttrBase<Yoco_CostAttr, "costs">;
def Yoco_Sizes : TypedArrayAttrBase<Yoco_SizeAttr, "sizes">;
def Yoco_Buffer : AnyTypeOf<[Yoco_RowBuffer, Yoco_WorkspaceBuffer, Yoco_SegmentsType],
    "a buffer of rows, a workspace or a segment table">;
def Yoco_RowSetNumber : DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">;
def Yoco_LaunchArgument : AnyTypeOf<[AnyMemRef, Yoco_SegmentsType, Yoco_AnyState],
    "a buffer, a segment table, a cache or a state">;

def Yoco_ArenaOp : Yoco_Op<"arena", [Symbol]> {
  let summary = "a piece of memory that a session allocates once";
  let description = [{
    Its size is the largest of `sizes` at the session's bounds. The `persistent` arena holds all caches and states:
    first what grows with the sequence, the most read first; then, from `records at` on, a record of `stride` bytes for
    each slot, in which everything of a sequence lies that has a fixed size. The `scratch` arena is shared by the entry
    points, one size for each.

    ```mlir
    yoco.arena @persistent persistent [#yoco.size<1024 * seq * batch + 4096 * batch>]
      records at <1024 * seq * batch> stride 4096
    yoco.arena @scratch scratch [#yoco.size<64 * batch + 4096 * chunk>, #yoco.size<8192 * batch>]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Yoco_ArenaKindAttr:$kind, Yoco_Sizes:$sizes,
                       OptionalAttr<Yoco_SizeAttr>:$records, OptionalAttr<I64Attr>:$stride);
  let assemblyFormat = "$sym_name `` $kind $sizes (`records` `at` $records^ `stride` $stride)? attr-dict";
  let hasVerifier = 1;
}

def Yoco_AllocOp : Yoco_Op<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a buffer of a step whose place is not yet planned";
  let description = [{
    The number of rows is that of a set of rows: the step's, or with `row_set N` that of `yoco.row_set N`. `size` is the
    bytes that the buffer may need; `role` marks the buffers that the caller of the entry point fills or reads.

    ```mlir
    func.func @f() {
      %x = yoco.alloc <1024 * chunk> : memref<?x256xf32>
      %ids = yoco.alloc <4 * chunk> role ids : memref<?xi32>
      return
    }
    ```
  }];
  let arguments = (ins Yoco_SizeAttr:$size, OptionalAttr<Yoco_BufferRoleAttr>:$role, Yoco_RowSetNumber:$row_set);
  let results = (outs Yoco_Buffer:$result);
  let assemblyFormat = "$size (`row_set` $row_set^)? (`role` `` $role^)? attr-dict `:` type($result)";
}

def Yoco_ViewOp : Yoco_Op<"view", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a buffer of a step at its planned place in an arena";
  let description = [{
    `size` bytes at `offset` of the arena; the number of rows is the step's, or that of `yoco.row_set N` with
    `row_set N`.

    ```mlir
    yoco.arena @scratch scratch [#yoco.size<5120 * chunk>]
    func.func @f() {
      %x = yoco.view @scratch at <4096 * chunk> size <1024 * chunk> : memref<?x256xf32>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$arena, Yoco_SizeAttr:$offset, Yoco_SizeAttr:$size,
                       OptionalAttr<Yoco_BufferRoleAttr>:$role, Yoco_RowSetNumber:$row_set);
  let results = (outs Yoco_Buffer:$result);
  let assemblyFormat = [{
    $arena `at` $offset `size` $size (`row_set` $row_set^)? (`role` `` $role^)? attr-dict `:` type($result)
  }];
}

def Yoco_RowSetOp : Yoco_Op<"row_set", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "declares a set of rows of an entry point: a tail of the rows of each segment";
  let description = [{
    `yoco.narrow_segments`, in buffers. Set 0 is that of the ids and is not declared; the others are numbered from 1,
    from the longest tail to the shortest. `table` is the buffer that the caller fills, of each segment with the rows at
    positions of at least `w - halo`, of which a step has at most `bound`. `states` are the rings whose rows are written
    in this set: what lies before its first row was never written, so that the caller clears it. With `each_row`, the
    table has a segment for each row.

    ```mlir
    yoco.state_decl @ring : !yoco.cache<heads = 1, width = 8, element = f32, window = 4, layout = contiguous>
    func.func @f() {
      %t = yoco.alloc <16 * batch> row_set 1 role segments : !yoco.segments
      yoco.row_set 1 halo 3 bound chunk table %t states [@ring]
      return
    }
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$number, ConfinedAttr<I64Attr, [IntNonNegative]>:$halo,
                       Yoco_RowBoundAttr:$bound, UnitAttr:$each_row, Yoco_SegmentsType:$table,
                       OptionalAttr<TypedArrayAttrBase<FlatSymbolRefAttr, "states">>:$states);
  let assemblyFormat = [{
    $number `halo` $halo `bound` `` $bound (`each_row` $each_row^)? `table` $table (`states` $states^)? attr-dict
  }];
}

def Yoco_StateRefOp : Yoco_Op<"state_ref", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a declared cache or state, in place";
  let description = [{
    ```mlir
    yoco.state_decl @s0 : !yoco.state<4x64x64xf32>
    func.func @f() {
      %t = yoco.state_ref @s0 : !yoco.state<4x64x64xf32>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs Yoco_AnyState:$result);
  let assemblyFormat = "$state attr-dict `:` type($result)";
}

def Yoco_PackedParameterOp : Yoco_Op<"packed_parameter", [Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "parameters laid out for a kernel: the bytes of a segment of the model file";
  let description = [{
    The rows of `parts`, one after the other, form a matrix of `type`. With layout `row_major` it is stored as it is;
    with `panels` its rows are padded with zeros to a multiple of `panel`, and element `(r, c)` stands at
    `(r / panel) * columns * panel + c * panel + r % panel`. `stride = S` gives rows of a row-major matrix `S` elements
    instead of as many as there are columns, the rest zeros. Parts of another element type are converted, rounded to
    nearest even. `encoded` stores codes and scales instead; `placed host` keeps the bytes in the memory of the host,
    for kernels that look rows up.

    ```mlir
    yoco.parameter @q : tensor<256x256xbf16> from "q"
    yoco.parameter @k : tensor<128x256xbf16> from "k"
    yoco.packed_parameter @qk [@q, @k] panels 16 : tensor<384x256xbf16>
    yoco.packed_parameter @small [@q] row_major 0
        encoded <"int8", bits = 8, group = 64, scale = f32> : tensor<256x256xbf16>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypedArrayAttrBase<FlatSymbolRefAttr, "parameters">:$parts,
                       Yoco_WeightLayoutAttr:$layout, I64Attr:$panel, OptionalAttr<I64Attr>:$stride,
                       OptionalAttr<Yoco_EncodingAttr>:$encoding, OptionalAttr<Yoco_PlacementAttr>:$placement,
                       TypeAttrOf<RankedTensorOf<[F32, F16, BF16]>>:$type);
  let assemblyFormat = [{
    $sym_name $parts `` $layout $panel (`stride` $stride^)? (`encoded` $encoding^)? (`placed` `` $placement^)?
    `:` $type attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Bytes in the file, padding included.
    int64_t getStoredBytes();
    /// Bytes of the numbers of one row.
    int64_t getRowBytes();
    /// The type of the memory that it fills; of rows `first` to `end` with an end that is not 0.
    ::mlir::MemRefType getMemoryType(int64_t end = 0, int64_t first = 0);
    /// Where row `row` begins, the first one of a panel.
    int64_t getRowOffset(int64_t row);
  }];
}

def Yoco_ParameterRefOp : Yoco_Op<"parameter_ref", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the bytes of a packed parameter, for a kernel";
  let description = [{
    A `row_major` parameter is a buffer of its own shape (strided when it has a `stride`), a parameter in `panels` of
    `P` rows is `memref<ceil(R/P)xCxPxtype>`, and an encoded one is bytes. `rows A to B` is those rows alone, whole
    panels (but for the last), from a multiple of 64 bytes on.

    ```mlir
    yoco.parameter @q : tensor<250x256xbf16> from "q"
    yoco.packed_parameter @p [@q] panels 16 : tensor<250x256xbf16>
    func.func @f() {
      %w = yoco.parameter_ref @p : memref<16x256x16xbf16>
      %last = yoco.parameter_ref @p rows 192 to 250 : memref<4x256x16xbf16>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter, DefaultValuedAttr<I64Attr, "0">:$first_row,
                       DefaultValuedAttr<I64Attr, "0">:$end_row);
  let results = (outs AnyStaticShapeMemRef:$result);
  let assemblyFormat = "$parameter (`rows` $first_row `to` $end_row^)? attr-dict `:` type($result)";
}

def Yoco_LaunchOp : Yoco_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs all tiles of a kernel";
  let description = [{
    The kernel is a function `(rows, segments, seq, tile_begin, tile_end, arguments...)` of a module of kernels: five
    `index` values, then the arguments, where a state is one buffer for each of its planes, and the segment table is
    one. Planes that do not grow lie in records: from one slot to the next it is as many bytes as the attribute
    `yoco.record_stride` of the module of kernels says. `rows`, `segments` and `tiles` are those of the set `row_set`,
    of which `yoco.row_set` says more (absent: 0, all rows of the step). `costs` is what the kernel moves and computes
    at least.

    ```mlir
    module @kernels {
      func.func @copy(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x4xf32>) {
        return
      }
    }
    func.func @f() {
      %x = yoco.alloc <16 * chunk> : memref<?x4xf32>
      yoco.launch @kernels::@copy(%x) tiles <rows, divisor = 4, multiplier = 1>
          costs [#yoco.cost<8 mixer_operations per row>] : memref<?x4xf32>
      return
    }
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Variadic<Yoco_LaunchArgument>:$operands_, Yoco_TilesAttr:$tiles,
                       OptionalAttr<Yoco_Costs>:$costs, Yoco_RowSetNumber:$row_set);
  let assemblyFormat = [{
    $kernel `(` $operands_ `)` `tiles` $tiles (`row_set` $row_set^)? (`costs` $costs^)? attr-dict
    (`:` type($operands_)^)?
  }];
}

def Yoco_GemmOp : Yoco_Op<"gemm", [AttrSizedOperandSegments, MemoryEffects<[MemRead, MemWrite]>,
                                   DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "multiplies rows by a matrix, by the machine's library";
  let description = [{
    `out[r][n] = sum over k of input[r][k] * weight[n][k] + residual[r][n]` with sums in f32, for all rows of the step,
    or of the set `row_set`. `workspace` is memory that the library may use meanwhile, `costs` what it moves and
    computes at least.

    ```mlir
    yoco.parameter @q : tensor<384x256xbf16> from "q"
    yoco.packed_parameter @p [@q] row_major 0 : tensor<384x256xbf16>
    func.func @f() {
      %x = yoco.alloc <512 * chunk> : memref<?x256xbf16>
      %y = yoco.alloc <1536 * chunk> : memref<?x384xf32>
      %w = yoco.parameter_ref @p : memref<384x256xbf16>
      yoco.gemm %x, %w outs %y : (memref<?x256xbf16>, memref<384x256xbf16>, memref<?x384xf32>) -> ()
      return
    }
    ```
  }];
  let arguments = (ins Yoco_VectorBuffer:$input, AnyStaticShapeMemRef:$weight, Optional<Yoco_VectorBuffer>:$residual,
                       Optional<Yoco_WorkspaceBuffer>:$workspace, Yoco_VectorBuffer:$out,
                       OptionalAttr<Yoco_Costs>:$costs, Yoco_RowSetNumber:$row_set);
  let assemblyFormat = [{
    $input `,` $weight (`residual` $residual^)? (`workspace` $workspace^)? `outs` $out (`row_set` $row_set^)?
    (`costs` $costs^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Yoco_CopyOp : Yoco_Op<"copy", [AllTypesMatch<["source", "destination"]>,
                                   MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "copies a buffer";
  let description = [{
    All rows of the step, or of the set `row_set`.

    ```mlir
    func.func @f() {
      %x = yoco.alloc <16 * chunk> : memref<?x4xf32>
      %y = yoco.alloc <16 * chunk> : memref<?x4xf32>
      yoco.copy %x to %y : memref<?x4xf32>
      return
    }
    ```
  }];
  let arguments = (ins Yoco_RowBuffer:$source, Yoco_RowBuffer:$destination, Yoco_RowSetNumber:$row_set);
  let assemblyFormat = "$source `to` $destination (`row_set` $row_set^)? attr-dict `:` type($source)";
  let hasCanonicalizeMethod = 1;
}

#endif // YOCO_DIALECT_YOCOPLANNEDOPS_TD
