#include "textflag.h"

DATA magnitude<>+0x00(SB)/4, $0x7fffffff
GLOBL magnitude<>(SB), RODATA|NOPTR, $4

DATA infinity<>+0x00(SB)/4, $0x7f800000
GLOBL infinity<>(SB), RODATA|NOPTR, $4

// func markRows(y *[gridHours]float32, known *[pastDays + 1]uint32) (least float32)
TEXT ·markRows(SB), NOSPLIT, $0-20
	MOVQ         y+0(FP), DI
	MOVQ         known+8(FP), SI
	MOVQ         $49, CX           // days, the oldest first
	VBROADCASTSS infinity<>(SB), Y6
	VMOVAPS      Y6, Y7
	VMOVAPS      Y6, Y8

row:
	VMOVUPS   0(DI), Y0
	VMOVUPS   32(DI), Y1
	VMOVUPS   64(DI), Y2
	VCMPPS    $7, Y0, Y0, Y3 // is a number
	VCMPPS    $7, Y1, Y1, Y4
	VCMPPS    $7, Y2, Y2, Y5
	VMOVMSKPS Y3, AX
	VMOVMSKPS Y4, BX
	VMOVMSKPS Y5, DX
	SHLL      $8, BX
	SHLL      $16, DX
	ORL       BX, AX
	ORL       DX, AX
	MOVL      AX, (SI)(CX*4)
	VMINPS    Y6, Y0, Y6     // what is no number leaves it as it is
	VMINPS    Y7, Y1, Y7
	VMINPS    Y8, Y2, Y8
	ADDQ      $96, DI
	DECQ      CX
	JNZ       row

	VMINPS       Y7, Y6, Y6
	VMINPS       Y8, Y6, Y6
	VEXTRACTF128 $1, Y6, X7
	VMINPS       X7, X6, X6
	VPSHUFD      $0x4e, X6, X7
	VMINPS       X7, X6, X6
	VPSHUFD      $0xb1, X6, X7
	VMINPS       X7, X6, X6
	VMOVSS       X6, least+16(FP)
	VZEROUPPER
	RET

// CHANGE adds four columns to the sums of a day in X0 and X1.
#define CHANGE(at) \
	VMOVUPS at(DI), X2;           \
	VSUBPS  (at-672)(DI), X2, X3; \
	VANDPS  X5, X2, X2;           \
	VANDPS  X5, X3, X3;           \
	VADDPS  X2, X0, X0;           \
	VADDPS  X3, X1, X1

// func addLevelsAndChanges(row *[hoursADay]float32, days int, sums *[2]float32)
TEXT ·addLevelsAndChanges(SB), NOSPLIT, $0-24
	MOVQ         row+0(FP), DI
	MOVQ         days+8(FP), CX
	MOVQ         sums+16(FP), DX
	VBROADCASTSS magnitude<>(SB), X5
	VMOVSD       (DX), X4

day:
	VXORPS  X0, X0, X0
	VXORPS  X1, X1, X1
	CHANGE(0)
	CHANGE(16)
	CHANGE(32)
	CHANGE(48)
	CHANGE(64)
	CHANGE(80)
	VHADDPS X1, X0, X0
	VHADDPS X0, X0, X0
	VADDPS  X0, X4, X4
	ADDQ    $96, DI
	DECQ    CX
	JNZ     day
	VMOVSD  X4, (DX)
	RET
