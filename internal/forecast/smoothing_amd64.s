#include "textflag.h"

// Offsets within a smoothingLanes.
#define LEVEL 0
#define REST 32
#define ALPHA 64
#define DELTA 96
#define OMEGA 128
#define PHI 160
#define TOGETHER 192
#define WRONG 224
#define DAY 256
#define WEEK 1024
#define HOURS 6400

// Bytes of a day.
#define ADAY 768

DATA size<>+0x00(SB)/4, $0x7fffffff
GLOBL size<>(SB), RODATA|NOPTR, $4

DATA halved<>+0x00(SB)/4, $0x3f000000
GLOBL halved<>(SB), RODATA|NOPTR, $4

DATA fourteen<>+0x00(SB)/4, $0x41600000
GLOBL fourteen<>(SB), RODATA|NOPTR, $4

DATA fortnight<>+0x00(SB)/4, $0x43a80000 // 336 hours
GLOBL fortnight<>(SB), RODATA|NOPTR, $4

// func transposeHours(pasts *[smoothingWidth]*[runHours]float32, hours *[runHours]lane)
TEXT ·transposeHours(SB), NOSPLIT, $0-16
	MOVQ pasts+0(FP), SI
	MOVQ hours+8(FP), DI
	MOVQ 0(SI), R8
	MOVQ 8(SI), R9
	MOVQ 16(SI), R10
	MOVQ 24(SI), R11
	MOVQ 32(SI), R12
	MOVQ 40(SI), R13
	MOVQ 48(SI), AX
	MOVQ 56(SI), BX
	XORQ CX, CX

eight:
	VMOVUPS    (R8)(CX*1), Y0
	VMOVUPS    (R9)(CX*1), Y1
	VMOVUPS    (R10)(CX*1), Y2
	VMOVUPS    (R11)(CX*1), Y3
	VMOVUPS    (R12)(CX*1), Y4
	VMOVUPS    (R13)(CX*1), Y5
	VMOVUPS    (AX)(CX*1), Y6
	VMOVUPS    (BX)(CX*1), Y7
	VUNPCKLPS  Y1, Y0, Y8
	VUNPCKHPS  Y1, Y0, Y9
	VUNPCKLPS  Y3, Y2, Y10
	VUNPCKHPS  Y3, Y2, Y11
	VUNPCKLPS  Y5, Y4, Y12
	VUNPCKHPS  Y5, Y4, Y13
	VUNPCKLPS  Y7, Y6, Y14
	VUNPCKHPS  Y7, Y6, Y15
	VUNPCKLPD  Y10, Y8, Y0
	VUNPCKHPD  Y10, Y8, Y1
	VUNPCKLPD  Y11, Y9, Y2
	VUNPCKHPD  Y11, Y9, Y3
	VUNPCKLPD  Y14, Y12, Y4
	VUNPCKHPD  Y14, Y12, Y5
	VUNPCKLPD  Y15, Y13, Y6
	VUNPCKHPD  Y15, Y13, Y7
	VPERM2F128 $0x20, Y4, Y0, Y8
	VPERM2F128 $0x20, Y5, Y1, Y9
	VPERM2F128 $0x20, Y6, Y2, Y10
	VPERM2F128 $0x20, Y7, Y3, Y11
	VPERM2F128 $0x31, Y4, Y0, Y12
	VPERM2F128 $0x31, Y5, Y1, Y13
	VPERM2F128 $0x31, Y6, Y2, Y14
	VPERM2F128 $0x31, Y7, Y3, Y15
	VMOVUPS    Y8, 0(DI)
	VMOVUPS    Y9, 32(DI)
	VMOVUPS    Y10, 64(DI)
	VMOVUPS    Y11, 96(DI)
	VMOVUPS    Y12, 128(DI)
	VMOVUPS    Y13, 160(DI)
	VMOVUPS    Y14, 192(DI)
	VMOVUPS    Y15, 224(DI)
	ADDQ       $256, DI
	ADDQ       $32, CX
	CMPQ       CX, $3360
	JNE        eight
	VZEROUPPER
	RET

// func startLanes(l *smoothingLanes)
TEXT ·startLanes(SB), NOSPLIT, $0-8
	MOVQ         l+0(FP), DI
	VBROADCASTSS fourteen<>(SB), Y15
	VXORPS       Y0, Y0, Y0          // sum of all hours
	LEAQ         HOURS(DI), SI
	XORQ         BX, BX

hour:
	LEAQ   (SI)(BX*1), R8
	VXORPS Y1, Y1, Y1
	MOVQ   $14, CX

sum:
	VADDPS  (R8), Y1, Y1
	ADDQ    $ADAY, R8
	DECQ    CX
	JNZ     sum
	VMOVUPS Y1, DAY(DI)(BX*1)
	VADDPS  Y1, Y0, Y0
	ADDQ    $32, BX
	CMPQ    BX, $ADAY
	JNE     hour

	VBROADCASTSS fortnight<>(SB), Y1
	VDIVPS       Y1, Y0, Y0
	VMOVUPS      Y0, LEVEL(DI)
	VXORPS       Y1, Y1, Y1
	VMOVUPS      Y1, REST(DI)
	VMOVUPS      Y1, WRONG(DI)
	XORQ         BX, BX

pattern:
	VMOVUPS DAY(DI)(BX*1), Y1
	VDIVPS  Y15, Y1, Y1
	VSUBPS  Y0, Y1, Y1
	VMOVUPS Y1, DAY(DI)(BX*1)
	ADDQ    $32, BX
	CMPQ    BX, $ADAY
	JNE     pattern

	VBROADCASTSS halved<>(SB), Y15
	LEAQ         WEEK(DI), DX
	MOVQ         $7, CX

weekday:
	XORQ BX, BX

weekhour:
	VMOVUPS (SI), Y1
	VADDPS  (7*ADAY)(SI), Y1, Y1
	VMULPS  Y15, Y1, Y1
	VSUBPS  Y0, Y1, Y1
	VSUBPS  DAY(DI)(BX*1), Y1, Y1
	VMOVUPS Y1, (DX)
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, BX
	CMPQ    BX, $ADAY
	JNE     weekhour
	DECQ    CX
	JNZ     weekday
	VZEROUPPER
	RET

// func runLanes(l *smoothingLanes, first, days, judged int)
TEXT ·runLanes(SB), NOSPLIT, $0-32
	MOVQ         l+0(FP), DI
	MOVQ         first+8(FP), AX
	MOVQ         days+16(FP), CX
	MOVQ         judged+24(FP), R9
	IMUL3Q       $ADAY, AX, SI
	LEAQ         HOURS(DI)(SI*1), SI
	VMOVUPS      LEVEL(DI), Y0
	VMOVUPS      REST(DI), Y1
	VMOVUPS      ALPHA(DI), Y2
	VMOVUPS      DELTA(DI), Y3
	VMOVUPS      OMEGA(DI), Y4
	VMOVUPS      PHI(DI), Y5
	VMOVUPS      TOGETHER(DI), Y6
	VMOVUPS      WRONG(DI), Y7
	VBROADCASTSS size<>(SB), Y15
	LEAQ         WEEK(DI), DX

day:
	CMPQ    CX, R9
	JGT     smooth
	VMOVAPS Y1, Y8
	VXORPS  Y9, Y9, Y9
	XORQ    BX, BX

judge:
	VMULPS  Y5, Y8, Y8
	VADDPS  DAY(DI)(BX*1), Y0, Y10
	VADDPS  (DX)(BX*1), Y10, Y10
	VADDPS  Y8, Y10, Y10
	VMOVUPS (SI)(BX*1), Y11
	VSUBPS  Y10, Y11, Y11
	VANDPS  Y15, Y11, Y11
	VADDPS  Y11, Y9, Y9
	ADDQ    $32, BX
	CMPQ    BX, $ADAY
	JNE     judge
	VADDPS  Y9, Y7, Y7

smooth:
	XORQ BX, BX

hour:
	VMOVUPS (SI)(BX*1), Y8
	VMOVUPS DAY(DI)(BX*1), Y9
	VMOVUPS (DX)(BX*1), Y10
	VSUBPS  Y9, Y8, Y8
	VSUBPS  Y10, Y8, Y8
	VMULPS  Y5, Y1, Y11
	VSUBPS  Y0, Y8, Y8        // the level last: it is the newest to be known
	VSUBPS  Y11, Y8, Y11
	VMULPS  Y2, Y11, Y12
	VADDPS  Y12, Y0, Y0
	VMULPS  Y3, Y11, Y13
	VADDPS  Y13, Y9, Y9
	VMOVUPS Y9, DAY(DI)(BX*1)
	VMULPS  Y4, Y11, Y14
	VADDPS  Y14, Y10, Y10
	VMOVUPS Y10, (DX)(BX*1)
	VMULPS  Y6, Y11, Y12
	VSUBPS  Y12, Y8, Y1
	ADDQ    $32, BX
	CMPQ    BX, $ADAY
	JNE     hour

	ADDQ $ADAY, SI
	ADDQ $ADAY, DX
	LEAQ (WEEK+7*ADAY)(DI), R8
	CMPQ DX, R8
	JNE  next
	LEAQ WEEK(DI), DX

next:
	DECQ    CX
	JNZ     day
	VMOVUPS Y0, LEVEL(DI)
	VMOVUPS Y1, REST(DI)
	VMOVUPS Y7, WRONG(DI)
	VZEROUPPER
	RET
