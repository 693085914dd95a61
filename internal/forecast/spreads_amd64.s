#include "textflag.h"

// COUNT counts in each byte of to how many of the errors in Y8 lie below the code in than.
#define COUNT(than, to) \
	VPCMPGTB Y8, than, Y9; \
	VPSUBB   Y9, to, to

// STORECOUNT adds the bytes of a register up.
#define STORECOUNT(from, low, at) \
	VPSADBW      Y10, from, from; \
	VEXTRACTI128 $1, from, X9;    \
	VPADDQ       X9, low, low;    \
	VPSRLDQ      $8, low, X9;     \
	VPADDQ       X9, low, low;    \
	VMOVD        low, at(DX)

// func countBelow(errors *errorHalves, codes *[4]int8, counts *[4]int32)
TEXT ·countBelow(SB), NOSPLIT, $0-24
	MOVQ         errors+0(FP), DI
	MOVQ         codes+8(FP), SI
	MOVQ         counts+16(FP), DX
	VPBROADCASTB 0(SI), Y0
	VPBROADCASTB 1(SI), Y1
	VPBROADCASTB 2(SI), Y2
	VPBROADCASTB 3(SI), Y3
	VPXOR        Y4, Y4, Y4
	VPXOR        Y5, Y5, Y5
	VPXOR        Y6, Y6, Y6
	VPXOR        Y7, Y7, Y7
	VPXOR        Y10, Y10, Y10
	MOVQ         $11, CX // registers of a half

newer:
	VMOVDQU (DI), Y8
	COUNT(Y0, Y4)
	COUNT(Y1, Y5)
	COUNT(Y2, Y6)
	COUNT(Y3, Y7)
	ADDQ    $32, DI
	DECQ    CX
	JNZ     newer

	// The newer half counts twice.
	VPADDB Y4, Y4, Y4
	VPADDB Y5, Y5, Y5
	VPADDB Y6, Y6, Y6
	VPADDB Y7, Y7, Y7
	MOVQ   $11, CX

older:
	VMOVDQU (DI), Y8
	COUNT(Y0, Y4)
	COUNT(Y1, Y5)
	COUNT(Y2, Y6)
	COUNT(Y3, Y7)
	ADDQ    $32, DI
	DECQ    CX
	JNZ     older

	STORECOUNT(Y4, X4, 0)
	STORECOUNT(Y5, X5, 4)
	STORECOUNT(Y6, X6, 8)
	STORECOUNT(Y7, X7, 12)
	VZEROUPPER
	RET
