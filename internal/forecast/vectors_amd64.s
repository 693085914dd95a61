#include "textflag.h"

// The 32 bytes of a Y register are the columns of a day, and the first eight of the day after.

// Leaves are found with every answer the wrong way round: a bit is set where a rank does
// not reach what is needed. These bring the number of a leaf, less 16 times that of a quarter
// of the table, to 0 to 15 where the leaf lies in that quarter.
DATA quarter<>+0x00(SB)/8, $0x3f3f3f3f3f3f3f3f
DATA quarter<>+0x08(SB)/8, $0x2f2f2f2f2f2f2f2f
DATA quarter<>+0x10(SB)/8, $0x1f1f1f1f1f1f1f1f
DATA quarter<>+0x18(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL quarter<>(SB), RODATA|NOPTR, $32

// Added to such a number, it sets the high bit of those beyond 15: a shuffle gives 0 there.
DATA beyond<>+0x00(SB)/8, $0x7070707070707070
GLOBL beyond<>(SB), RODATA|NOPTR, $8

// Order of the words of four bytes that a pack of three registers leaves.
DATA unpacked<>+0x00(SB)/4, $0
DATA unpacked<>+0x04(SB)/4, $4
DATA unpacked<>+0x08(SB)/4, $1
DATA unpacked<>+0x0c(SB)/4, $5
DATA unpacked<>+0x10(SB)/4, $2
DATA unpacked<>+0x14(SB)/4, $6
DATA unpacked<>+0x18(SB)/4, $3
DATA unpacked<>+0x1c(SB)/4, $7
GLOBL unpacked<>(SB), RODATA|NOPTR, $32

// Offsets within a vectorTree.
#define RANKS 0
#define NEED 24
#define LEAF 72
#define TREE 328

// ANSWER adds the answer to a question to the number of the leaf of each column, in Y0.
#define ANSWER(level) \
	MOVL         (RANKS+4*level)(DI), AX; \
	VPBROADCASTQ (NEED+8*level)(DI), Y1;  \
	VPCMPGTB     (SI)(AX*1), Y1, Y1;      \
	VPADDB       Y0, Y0, Y0;              \
	VPSUBB       Y1, Y0, Y0

// PLANE looks one byte of each leaf up: in four quarters, of which one has it.
#define PLANE(plane, to) \
	VBROADCASTI128 (LEAF+64*plane)(DI), Y8;    \
	VPSHUFB        Y1, Y8, to;                 \
	VBROADCASTI128 (LEAF+64*plane+16)(DI), Y8; \
	VPSHUFB        Y2, Y8, Y8;                 \
	VPOR           Y8, to, to;                 \
	VBROADCASTI128 (LEAF+64*plane+32)(DI), Y8; \
	VPSHUFB        Y3, Y8, Y8;                 \
	VPOR           Y8, to, to;                 \
	VBROADCASTI128 (LEAF+64*plane+48)(DI), Y8; \
	VPSHUFB        Y4, Y8, Y8;                 \
	VPOR           Y8, to, to

// LEAVES puts the value of the tree at DI for each column into Y0, Y5, Y6 and Y7: of
// columns 0 to 3 and 16 to 19, 4 to 7 and 20 to 23, 8 to 11 and 24 to 27, 12 to 15 and 28 to 31.
#define LEAVES \
	VPXOR        Y0, Y0, Y0;           \
	ANSWER(5);                         \
	ANSWER(4);                         \
	ANSWER(3);                         \
	ANSWER(2);                         \
	ANSWER(1);                         \
	ANSWER(0);                         \
	VPBROADCASTQ beyond<>(SB), Y9;     \
	VPBROADCASTQ quarter<>+0(SB), Y1;  \
	VPXOR        Y0, Y1, Y1;           \
	VPADDB       Y9, Y1, Y1;           \
	VPBROADCASTQ quarter<>+8(SB), Y2;  \
	VPXOR        Y0, Y2, Y2;           \
	VPADDB       Y9, Y2, Y2;           \
	VPBROADCASTQ quarter<>+16(SB), Y3; \
	VPXOR        Y0, Y3, Y3;           \
	VPADDB       Y9, Y3, Y3;           \
	VPBROADCASTQ quarter<>+24(SB), Y4; \
	VPXOR        Y0, Y4, Y4;           \
	VPADDB       Y9, Y4, Y4;           \
	PLANE(0, Y0);                      \
	PLANE(1, Y5);                      \
	PLANE(2, Y6);                      \
	PLANE(3, Y7);                      \
	VPUNPCKLBW   Y5, Y0, Y1;           \
	VPUNPCKHBW   Y5, Y0, Y2;           \
	VPUNPCKLBW   Y7, Y6, Y3;           \
	VPUNPCKHBW   Y7, Y6, Y4;           \
	VPUNPCKLWD   Y3, Y1, Y0;           \
	VPUNPCKHWD   Y3, Y1, Y5;           \
	VPUNPCKLWD   Y4, Y2, Y6;           \
	VPUNPCKHWD   Y4, Y2, Y7

// LOADSUM and STORESUM move the sums between memory at DX and Y12 to Y15.
#define LOADSUM \
	VMOVUPS     0(DX), X12;           \
	VINSERTF128 $1, 64(DX), Y12, Y12; \
	VMOVUPS     16(DX), X13;          \
	VINSERTF128 $1, 80(DX), Y13, Y13; \
	VMOVUPS     32(DX), X14;          \
	VINSERTF128 $1, 96(DX), Y14, Y14; \
	VMOVUPS     48(DX), X15;          \
	VINSERTF128 $1, 112(DX), Y15, Y15

#define STORESUM \
	VMOVUPS      X12, 0(DX);      \
	VEXTRACTF128 $1, Y12, 64(DX); \
	VMOVUPS      X13, 16(DX);     \
	VEXTRACTF128 $1, Y13, 80(DX); \
	VMOVUPS      X14, 32(DX);     \
	VEXTRACTF128 $1, Y14, 96(DX); \
	VMOVUPS      X15, 48(DX);     \
	VEXTRACTF128 $1, Y15, 112(DX)

// func addTrees(trees *vectorTree, n int, ranks *rankedInput, sum *forestSums)
TEXT ·addTrees(SB), NOSPLIT, $0-32
	MOVQ trees+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ ranks+16(FP), SI
	MOVQ sum+24(FP), DX
	LOADSUM

each:
	LEAVES
	VADDPS Y0, Y12, Y12
	VADDPS Y5, Y13, Y13
	VADDPS Y6, Y14, Y14
	VADDPS Y7, Y15, Y15
	ADDQ   $TREE, DI
	DECQ   CX
	JNZ    each
	STORESUM
	VZEROUPPER
	RET

// func addPairs(trees *vectorTree, pairs int, ranks *rankedInput, sum *forestSums)
TEXT ·addPairs(SB), NOSPLIT, $128-32
	MOVQ trees+0(FP), DI
	MOVQ pairs+8(FP), CX
	MOVQ ranks+16(FP), SI
	MOVQ sum+24(FP), DX
	LOADSUM

pair:
	LEAVES
	VMOVUPS Y0, first-128(SP)
	VMOVUPS Y5, first-96(SP)
	VMOVUPS Y6, first-64(SP)
	VMOVUPS Y7, first-32(SP)
	ADDQ    $TREE, DI
	LEAVES
	VADDPS  first-128(SP), Y0, Y0
	VADDPS  first-96(SP), Y5, Y5
	VADDPS  first-64(SP), Y6, Y6
	VADDPS  first-32(SP), Y7, Y7
	VADDPS  Y0, Y12, Y12
	VADDPS  Y5, Y13, Y13
	VADDPS  Y6, Y14, Y14
	VADDPS  Y7, Y15, Y15
	ADDQ    $TREE, DI
	DECQ    CX
	JNZ     pair
	STORESUM
	VZEROUPPER
	RET

// func rankColumns(x, second *[hoursADay]float32, cuts *float32, n int, ranks *[words]uint64)
TEXT ·rankColumns(SB), NOSPLIT, $0-40
	MOVQ    x+0(FP), DI
	MOVQ    second+8(FP), BX
	MOVQ    cuts+16(FP), SI
	MOVQ    n+24(FP), CX
	MOVQ    ranks+32(FP), DX
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 0(BX), Y10
	VPXOR   Y3, Y3, Y3
	VPXOR   Y4, Y4, Y4
	VPXOR   Y5, Y5, Y5
	VPXOR   Y11, Y11, Y11

cut:
	VBROADCASTSS (SI), Y6
	VCMPPS       $0x1e, Y6, Y0, Y7 // greater than the cut
	VPSUBD       Y7, Y3, Y3
	VCMPPS       $0x1e, Y6, Y1, Y8
	VPSUBD       Y8, Y4, Y4
	VCMPPS       $0x1e, Y6, Y2, Y9
	VPSUBD       Y9, Y5, Y5
	VCMPPS       $0x1e, Y6, Y10, Y12
	VPSUBD       Y12, Y11, Y11
	ADDQ         $4, SI
	DECQ         CX
	JNZ          cut

	VPACKUSDW Y4, Y3, Y3
	VPACKUSDW Y11, Y5, Y5
	VPACKUSWB Y5, Y3, Y3
	VMOVDQU   unpacked<>(SB), Y6
	VPERMD    Y3, Y6, Y3
	VMOVDQU   Y3, 0(DX)
	VZEROUPPER
	RET

// func addProducts(square *[regressors][regressors]float32, x, weighted *[hoursADay][regressors]float32, columns int)
TEXT ·addProducts(SB), NOSPLIT, $0-32
	MOVQ square+0(FP), DI
	MOVQ weighted+16(FP), DX
	MOVQ $16, CX // rows

row:
	MOVQ    x+8(FP), SI
	MOVQ    columns+24(FP), AX
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	MOVQ    DX, BX

column:
	VBROADCASTSS (BX), Y2
	VMULPS       0(SI), Y2, Y3
	VMULPS       32(SI), Y2, Y4
	VADDPS       Y3, Y0, Y0
	VADDPS       Y4, Y1, Y1
	ADDQ         $64, SI
	ADDQ         $64, BX
	DECQ         AX
	JNZ          column
	VMOVUPS      Y0, 0(DI)
	VMOVUPS      Y1, 32(DI)
	ADDQ         $64, DI
	ADDQ         $4, DX
	DECQ         CX
	JNZ          row
	VZEROUPPER
	RET
