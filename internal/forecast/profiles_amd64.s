#include "textflag.h"

DATA positive<>+0x00(SB)/4, $0x7fffffff
GLOBL positive<>(SB), RODATA|NOPTR, $4

DATA half<>+0x00(SB)/4, $0x3f000000
GLOBL half<>(SB), RODATA|NOPTR, $4

DATA quarter1<>+0x00(SB)/4, $0x3e800000
GLOBL quarter1<>(SB), RODATA|NOPTR, $4

DATA seven<>+0x00(SB)/4, $0x40e00000
GLOBL seven<>(SB), RODATA|NOPTR, $4

// func addRows(sum, row *[hoursADay]float32, rows, stride int)
TEXT ·addRows(SB), NOSPLIT, $0-32
	MOVQ    sum+0(FP), DI
	MOVQ    row+8(FP), SI
	MOVQ    rows+16(FP), CX
	MOVQ    stride+24(FP), AX
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2

row:
	VADDPS 0(SI), Y0, Y0
	VADDPS 32(SI), Y1, Y1
	VADDPS 64(SI), Y2, Y2
	ADDQ   AX, SI
	DECQ   CX
	JNZ    row
	VMOVUPS Y0, 0(DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VZEROUPPER
	RET

// func meanOfRows(newest *[hoursADay]float32, days *int, n int, factor float32, mean *[hoursADay]float32)
TEXT ·meanOfRows(SB), NOSPLIT, $0-40
	MOVQ    newest+0(FP), DI // day 1
	MOVQ    days+8(FP), SI
	MOVQ    n+16(FP), CX
	MOVQ    mean+32(FP), DX
	IMUL3Q  $-96, (SI), AX
	VMOVUPS 96(DI)(AX*1), Y0
	VMOVUPS 128(DI)(AX*1), Y1
	VMOVUPS 160(DI)(AX*1), Y2
	JMP     next

row:
	ADDQ   $8, SI
	IMUL3Q $-96, (SI), AX
	VADDPS 96(DI)(AX*1), Y0, Y0
	VADDPS 128(DI)(AX*1), Y1, Y1
	VADDPS 160(DI)(AX*1), Y2, Y2

next:
	DECQ         CX
	JNZ          row
	VBROADCASTSS factor+24(FP), Y3
	VMULPS       Y3, Y0, Y0
	VMULPS       Y3, Y1, Y1
	VMULPS       Y3, Y2, Y2
	VMOVUPS      Y0, 0(DX)
	VMOVUPS      Y1, 32(DX)
	VMOVUPS      Y2, 64(DX)
	VZEROUPPER
	RET

// FOUR compares four days in eight columns.
#define FOUR(at) \
	VMOVUPS at(R8), Y0;     \
	VMOVUPS at(R9), Y1;     \
	VMOVUPS at(R10), Y2;    \
	VMOVUPS at(R11), Y3;    \
	VMINPS  Y1, Y0, Y4;     \
	VMINPS  Y3, Y2, Y5;     \
	VMINPS  Y5, Y4, Y4;     \
	VMAXPS  Y1, Y0, Y5;     \
	VMAXPS  Y3, Y2, Y6;     \
	VMAXPS  Y6, Y5, Y5;     \
	VADDPS  Y1, Y0, Y0;     \
	VADDPS  Y2, Y0, Y0;     \
	VADDPS  Y3, Y0, Y0;     \
	VMULPS  Y15, Y0, Y1;    \
	VMOVUPS Y1, (0+at)(DX); \
	VSUBPS  Y4, Y0, Y0;     \
	VSUBPS  Y5, Y0, Y0;     \
	VMULPS  Y14, Y0, Y0;    \
	VMOVUPS Y0, (96+at)(DX); \
	VSUBPS  Y4, Y5, Y5;     \
	VMOVUPS Y5, (192+at)(DX)

// func compareFour(a, b, c, d *[hoursADay]float32, out *likeDays)
TEXT ·compareFour(SB), NOSPLIT, $0-40
	MOVQ         a+0(FP), R8
	MOVQ         b+8(FP), R9
	MOVQ         c+16(FP), R10
	MOVQ         d+24(FP), R11
	MOVQ         out+32(FP), DX
	VBROADCASTSS half<>(SB), Y14
	VBROADCASTSS quarter1<>(SB), Y15
	FOUR(0)
	FOUR(32)
	FOUR(64)
	VZEROUPPER
	RET

// ORDER puts the lesser of two values into a, the greater into b.
#define ORDER(a, b) \
	VMINPS  b, a, Y7; \
	VMAXPS  b, a, b;  \
	VMOVAPS Y7, a

// CHANGED adds the absolute difference of two values to to.
#define CHANGED(a, b, to) \
	VSUBPS b, a, Y9;   \
	VANDPS Y15, Y9, Y9; \
	VADDPS Y9, to, to

// WEEK looks at eight columns of a week.
#define WEEK(at) \
	VMOVUPS (576+at)(SI), Y0;  \
	VMOVUPS (480+at)(SI), Y1;  \
	VMOVUPS (384+at)(SI), Y2;  \
	VMOVUPS (288+at)(SI), Y3;  \
	VMOVUPS (192+at)(SI), Y4;  \
	VMOVUPS (96+at)(SI), Y5;   \
	VMOVUPS (0+at)(SI), Y6;    \
	VSUBPS  Y1, Y0, Y8;        \
	VANDPS  Y15, Y8, Y8;       \
	CHANGED(Y1, Y2, Y8);       \
	CHANGED(Y2, Y3, Y8);       \
	CHANGED(Y3, Y4, Y8);       \
	CHANGED(Y4, Y5, Y8);       \
	CHANGED(Y5, Y6, Y8);       \
	VMOVUPS Y8, at(BX);        \
	ORDER(Y0, Y6);             \
	ORDER(Y2, Y3);             \
	ORDER(Y4, Y5);             \
	ORDER(Y0, Y2);             \
	ORDER(Y1, Y4);             \
	ORDER(Y3, Y6);             \
	ORDER(Y0, Y1);             \
	ORDER(Y2, Y5);             \
	ORDER(Y3, Y4);             \
	ORDER(Y1, Y2);             \
	ORDER(Y4, Y6);             \
	ORDER(Y2, Y3);             \
	ORDER(Y4, Y5);             \
	ORDER(Y1, Y2);             \
	ORDER(Y3, Y4);             \
	ORDER(Y5, Y6);             \
	VMOVUPS Y0, (0+at)(DX);    \
	VMOVUPS Y3, (96+at)(DX);   \
	VMOVUPS Y6, (192+at)(DX);  \
	VADDPS  Y5, Y6, Y6;        \
	VADDPS  Y4, Y6, Y6;        \
	VSUBPS  Y2, Y6, Y6;        \
	VSUBPS  Y1, Y6, Y6;        \
	VSUBPS  Y0, Y6, Y6;        \
	VDIVPS  Y14, Y6, Y6;       \
	VMOVUPS Y6, (288+at)(DX)

// func observeWeek(oldest *[hoursADay]float32, week *sevenDays, changes *[hoursADay]float32)
TEXT ·observeWeek(SB), NOSPLIT, $0-24
	MOVQ         oldest+0(FP), SI
	MOVQ         week+8(FP), DX
	MOVQ         changes+16(FP), BX
	VBROADCASTSS positive<>(SB), Y15
	VBROADCASTSS seven<>(SB), Y14
	WEEK(0)
	WEEK(32)
	WEEK(64)
	VZEROUPPER
	RET
