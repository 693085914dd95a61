#include "textflag.h"

DATA one<>+0x00(SB)/4, $0x3f800000
GLOBL one<>(SB), RODATA|NOPTR, $4

DATA halfOf<>+0x00(SB)/4, $0x3f000000
GLOBL halfOf<>(SB), RODATA|NOPTR, $4

// Bounds of the features of the regression: mostLevels, above and below zero.
DATA most<>+0x00(SB)/4, $0x42480000
GLOBL most<>(SB), RODATA|NOPTR, $4

DATA least<>+0x00(SB)/4, $0xc2480000
GLOBL least<>(SB), RODATA|NOPTR, $4

// Offsets within a regressorSources.
#define PROFILES 0
#define FADING 72
#define LEVELS 88
#define SURPRISES 104
#define UNIT 112

// BOUND keeps a value within the bounds.
#define BOUND(v) \
	VMINPS v, Y13, v; \
	VMAXPS v, Y14, v

// STOREROW stores a row of features and moves on to the next.
#define STOREROW(a, b, c) \
	VMOVUPS a, 0(DI);  \
	VMOVUPS b, 32(DI); \
	VMOVUPS c, 64(DI); \
	ADDQ    $96, DI

// LEVEL is a row with one value in all columns.
#define LEVEL(at) \
	VBROADCASTSS (LEVELS+at)(SI), Y0; \
	STOREROW(Y0, Y0, Y0)

// SURPRISE is a row of a surprise that fades.
#define SURPRISE(i) \
	MOVQ         (FADING+8*i)(SI), R8;      \
	VBROADCASTSS (SURPRISES+4*i)(SI), Y3; \
	VMULPS       0(R8), Y3, Y0;            \
	VMULPS       32(R8), Y3, Y1;           \
	VMULPS       64(R8), Y3, Y2;           \
	VMULPS       Y15, Y0, Y0;              \
	VMULPS       Y15, Y1, Y1;              \
	VMULPS       Y15, Y2, Y2;              \
	BOUND(Y0);                             \
	BOUND(Y1);                             \
	BOUND(Y2);                             \
	STOREROW(Y0, Y1, Y2)

// func fillRegressors(from *regressorSources, x *regressorInput)
TEXT ·fillRegressors(SB), NOSPLIT, $0-16
	MOVQ         from+0(FP), SI
	MOVQ         x+8(FP), DI
	VBROADCASTSS most<>(SB), Y13
	VBROADCASTSS least<>(SB), Y14
	VBROADCASTSS UNIT(SI), Y15
	VBROADCASTSS one<>(SB), Y0
	STOREROW(Y0, Y0, Y0)
	XORQ         CX, CX

profile:
	MOVQ   PROFILES(SI)(CX*8), R8
	VMULPS 0(R8), Y15, Y0
	VMULPS 32(R8), Y15, Y1
	VMULPS 64(R8), Y15, Y2
	BOUND(Y0)
	BOUND(Y1)
	BOUND(Y2)
	STOREROW(Y0, Y1, Y2)
	INCQ   CX
	CMPQ   CX, $9
	JNE    profile

	LEVEL(0)
	LEVEL(4)
	LEVEL(8)
	LEVEL(12)
	SURPRISE(0)
	SURPRISE(1)
	VZEROUPPER
	RET

// FOURTH adds what a quarter of the features gives to its sums.
#define FOURTH(i, a, b, c) \
	VBROADCASTSS (4*i)(SI), Y12;        \
	VMULPS       (96*i)(DI), Y12, Y13;  \
	VADDPS       Y13, a, a;             \
	VMULPS       (96*i+32)(DI), Y12, Y14; \
	VADDPS       Y14, b, b;             \
	VMULPS       (96*i+64)(DI), Y12, Y15; \
	VADDPS       Y15, c, c

// func weighRegressors(weights *[regressors]float32, x *regressorInput, factor float32, out *[hoursADay]float32)
TEXT ·weighRegressors(SB), NOSPLIT, $0-32
	MOVQ   weights+0(FP), SI
	MOVQ   x+8(FP), DI
	MOVQ   out+24(FP), DX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	MOVQ   $4, CX

four:
	FOURTH(0, Y0, Y1, Y2)
	FOURTH(1, Y3, Y4, Y5)
	FOURTH(2, Y6, Y7, Y8)
	FOURTH(3, Y9, Y10, Y11)
	ADDQ $16, SI
	ADDQ $384, DI
	DECQ CX
	JNZ  four

	VBROADCASTSS factor+16(FP), Y12
	VADDPS       Y3, Y0, Y0
	VADDPS       Y4, Y1, Y1
	VADDPS       Y5, Y2, Y2
	VADDPS       Y9, Y6, Y6
	VADDPS       Y10, Y7, Y7
	VADDPS       Y11, Y8, Y8
	VADDPS       Y6, Y0, Y0
	VADDPS       Y7, Y1, Y1
	VADDPS       Y8, Y2, Y2
	VMULPS       Y12, Y0, Y0
	VMULPS       Y12, Y1, Y1
	VMULPS       Y12, Y2, Y2
	VMOVUPS      Y0, 0(DX)
	VMOVUPS      Y1, 32(DX)
	VMOVUPS      Y2, 64(DX)
	VZEROUPPER
	RET

// func relateProfiles(profiles *[related]*[hoursADay]float32, base *[hoursADay]float32, unit float32, x *treeInput)
TEXT ·relateProfiles(SB), NOSPLIT, $0-32
	MOVQ         profiles+0(FP), SI
	MOVQ         base+8(FP), BX
	VBROADCASTSS unit+16(FP), Y15
	MOVQ         x+24(FP), DI
	VMOVUPS      0(BX), Y12
	VMOVUPS      32(BX), Y13
	VMOVUPS      64(BX), Y14
	MOVQ         $15, CX

profile:
	MOVQ    (SI), R8
	VMOVUPS 0(R8), Y0
	VMOVUPS 32(R8), Y1
	VMOVUPS 64(R8), Y2
	VSUBPS  Y12, Y0, Y0
	VSUBPS  Y13, Y1, Y1
	VSUBPS  Y14, Y2, Y2
	VMULPS  Y15, Y0, Y0
	VMULPS  Y15, Y1, Y1
	VMULPS  Y15, Y2, Y2
	STOREROW(Y0, Y1, Y2)
	ADDQ    $8, SI
	DECQ    CX
	JNZ     profile
	VZEROUPPER
	RET

// Offsets within a treeSources: profiles begin a column early, with the first value, and
// end a column late, with the last.
#define LAG 0
#define BEFORE 104
#define LIKE 208
#define BASE 312
#define RANGE 416
#define DEVIATION 424
#define LIKE1 432
#define NEWEST 440
#define LIKELEVEL 444
#define PERSCALE 448
#define PERLEVEL 452

// COLUMNS are the features of eight columns.
#define COLUMNS(at) \
	VMOVUPS (BASE+4+at)(SI), Y0;        \
	VMOVUPS (LAG+0+at)(SI), Y1;         \
	VMOVUPS (LAG+4+at)(SI), Y2;         \
	VMOVUPS (LAG+8+at)(SI), Y3;         \
	VMOVUPS (LIKE+4+at)(SI), Y4;        \
	VMOVUPS (LIKE+8+at)(SI), Y5;        \
	VSUBPS  Y0, Y12, Y6;                \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (15*96+at)(DI);         \
	VADDPS  Y3, Y1, Y6;                 \
	VMULPS  Y11, Y6, Y6;                \
	VSUBPS  Y0, Y6, Y6;                 \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (16*96+at)(DI);         \
	VADDPS  (LIKE+0+at)(SI), Y5, Y6;    \
	VMULPS  Y11, Y6, Y6;                \
	VSUBPS  Y0, Y6, Y6;                 \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (17*96+at)(DI);         \
	VMULPS  at(R8), Y15, Y6;            \
	VMOVUPS Y6, (18*96+at)(DI);         \
	VSUBPS  Y13, Y0, Y6;                \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (19*96+at)(DI);         \
	VMOVUPS (BASE+8+at)(SI), Y6;        \
	VSUBPS  (BASE+0+at)(SI), Y6, Y6;    \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (20*96+at)(DI);         \
	VSUBPS  (BEFORE+4+at)(SI), Y2, Y6;  \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (23*96+at)(DI);         \
	VADDPS  Y2, Y1, Y6;                 \
	VADDPS  Y3, Y6, Y6;                 \
	VSUBPS  (BEFORE+0+at)(SI), Y6, Y6;  \
	VSUBPS  (BEFORE+4+at)(SI), Y6, Y6;  \
	VSUBPS  (BEFORE+8+at)(SI), Y6, Y6;  \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (24*96+at)(DI);         \
	VMULPS  at(R9), Y15, Y6;            \
	VMOVUPS Y6, (25*96+at)(DI);         \
	VMULPS  Y0, Y14, Y6;                \
	VMOVUPS Y6, (26*96+at)(DI);         \
	VSUBPS  Y4, Y5, Y6;                 \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (27*96+at)(DI);         \
	VMOVUPS at(R10), Y6;                \
	VSUBPS  Y4, Y6, Y6;                 \
	VMULPS  Y6, Y15, Y6;                \
	VMOVUPS Y6, (28*96+at)(DI)

// func fillTreeColumns(from *treeSources, x *treeInput)
TEXT ·fillTreeColumns(SB), NOSPLIT, $0-16
	MOVQ         from+0(FP), SI
	MOVQ         x+8(FP), DI
	MOVQ         RANGE(SI), R8
	MOVQ         DEVIATION(SI), R9
	MOVQ         LIKE1(SI), R10
	VBROADCASTSS halfOf<>(SB), Y11
	VBROADCASTSS NEWEST(SI), Y12
	VBROADCASTSS LIKELEVEL(SI), Y13
	VBROADCASTSS PERLEVEL(SI), Y14
	VBROADCASTSS PERSCALE(SI), Y15
	COLUMNS(0)
	COLUMNS(32)
	COLUMNS(64)
	VZEROUPPER
	RET
