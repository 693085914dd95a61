#include "textflag.h"

// Offsets within a scenarioSpreads.
#define MEDIAN 0
#define BELOW 256
#define ABOVE 512
#define LEAST 768
#define SUM 1024

// DRAW puts the loads of four slots in one scenario into v, and adds their deviations up.
#define DRAW(at, v) \
	VMOVUPD   at(SI)(BX*1), v;  \
	VBLENDVPD v, Y9, Y10, Y12;  \
	VMULPD    Y12, v, v;        \
	VADDPD    v, Y8, v;         \
	VMAXPD    v, Y11, v;        \
	VSUBPD    Y8, v, Y12;       \
	VADDPD    Y12, Y13, Y13

// func drawScenarios(z *normalErrors, s *scenarioSpreads, blocks int, load *[maxSlots][scenarioCount]float64)
TEXT ·drawScenarios(SB), NOSPLIT, $0-32
	MOVQ z+0(FP), AX
	MOVQ s+8(FP), DX
	MOVQ blocks+16(FP), CX
	MOVQ load+24(FP), DI
	XORQ BX, BX

block:
	VMOVUPD MEDIAN(DX)(BX*1), Y8
	VMOVUPD BELOW(DX)(BX*1), Y9
	VMOVUPD ABOVE(DX)(BX*1), Y10
	VMOVUPD LEAST(DX)(BX*1), Y11
	VXORPD  Y13, Y13, Y13
	MOVQ    AX, SI
	MOVQ    $5, R8 // four scenarios at a time
	MOVQ    DI, R9

four:
	DRAW(0, Y0)
	DRAW(256, Y1)
	DRAW(512, Y2)
	DRAW(768, Y3)
	VUNPCKLPD  Y1, Y0, Y4
	VUNPCKHPD  Y1, Y0, Y5
	VUNPCKLPD  Y3, Y2, Y6
	VUNPCKHPD  Y3, Y2, Y7
	VPERM2F128 $0x20, Y6, Y4, Y0
	VPERM2F128 $0x20, Y7, Y5, Y1
	VPERM2F128 $0x31, Y6, Y4, Y2
	VPERM2F128 $0x31, Y7, Y5, Y3
	VMOVUPD    Y0, 0(R9)
	VMOVUPD    Y1, 160(R9)
	VMOVUPD    Y2, 320(R9)
	VMOVUPD    Y3, 480(R9)
	ADDQ       $32, R9
	ADDQ       $1024, SI
	DECQ       R8
	JNZ        four

	VMOVUPD Y13, SUM(DX)(BX*1)
	ADDQ    $32, BX
	ADDQ    $640, DI
	DECQ    CX
	JNZ     block
	VZEROUPPER
	RET

// Offsets within a shiftSlots.
#define DOWN 0
#define UP 256
#define PRICE 512
#define CARBON 768
#define BEYOND 1024
#define ROW 1280
#define SLOTS 1536
#define SHARE 1544
#define SELL 1552
#define PLANNED 1560
#define PEAK 1568

// Offsets within the results.
#define CASH 0
#define CO2 160
#define WEIGHED 320
#define BEFORE 480
#define AFTER 640

// GIVES puts what a slot gives in four scenarios, whose loads are in Y6, into Y7.
#define GIVES \
	VMAXPD       Y15, Y6, Y7;           \
	VMULPD       Y7, Y14, Y7;           \
	VBROADCASTSD DOWN(SI)(BX*8), Y8;    \
	VMINPD       Y7, Y8, Y7

// COST puts what loads cost into to.
#define COST(load, to) \
	VCMPPD    $0x11, Y15, load, to; \
	VBLENDVPD to, Y13, Y9, to;      \
	VMULPD    load, to, to

// func evaluateShift(load *[maxSlots][scenarioCount]float64, s *shiftSlots, out *scenarioWorths)
TEXT ·evaluateShift(SB), NOSPLIT, $0-24
	MOVQ         load+0(FP), DI
	MOVQ         s+8(FP), SI
	MOVQ         out+16(FP), DX
	VXORPD       Y15, Y15, Y15
	VBROADCASTSD SHARE(SI), Y14
	VBROADCASTSD SELL(SI), Y13
	MOVQ         SLOTS(SI), R8
	MOVQ         $5, CX             // four scenarios at a time

four:
	VXORPD Y0, Y0, Y0
	XORQ   BX, BX

given:
	MOVQ    ROW(SI)(BX*8), AX
	VMOVUPD (DI)(AX*1), Y6
	GIVES
	VADDPD  Y7, Y0, Y0
	INCQ    BX
	CMPQ    BX, R8
	JNE     given

	VBROADCASTSD PLANNED(SI), Y1
	VDIVPD       Y1, Y0, Y0      // share of the plan that can be kept
	VXORPD       Y1, Y1, Y1      // cash
	VXORPD       Y2, Y2, Y2      // carbon dioxide
	VXORPD       Y3, Y3, Y3      // carbon, weighed
	VBROADCASTSD PEAK(SI), Y4    // peak before
	VMOVAPD      Y4, Y5          // and after
	XORQ         BX, BX

slot:
	MOVQ         ROW(SI)(BX*8), AX
	VMOVUPD      (DI)(AX*1), Y6
	GIVES
	VBROADCASTSD UP(SI)(BX*8), Y8
	VMULPD       Y0, Y8, Y8
	VSUBPD       Y7, Y8, Y7         // change
	VADDPD       Y7, Y6, Y8         // load after
	VMAXPD       Y4, Y6, Y4
	VMAXPD       Y5, Y8, Y5
	VBROADCASTSD PRICE(SI)(BX*8), Y9
	COST(Y6, Y10)
	COST(Y8, Y11)
	VSUBPD       Y11, Y10, Y10
	VCMPPD       $4, Y15, Y7, Y12   // something changes
	VANDPD       Y12, Y10, Y10
	VADDPD       Y10, Y1, Y1
	VBROADCASTSD CARBON(SI)(BX*8), Y10
	VMULPD       Y7, Y10, Y10
	VANDPD       Y12, Y10, Y10
	VSUBPD       Y10, Y2, Y2
	VBROADCASTSD BEYOND(SI)(BX*8), Y10
	VMULPD       Y7, Y10, Y10
	VANDPD       Y12, Y10, Y10
	VSUBPD       Y10, Y3, Y3
	INCQ         BX
	CMPQ         BX, R8
	JNE          slot

	VMOVUPD Y1, CASH(DX)
	VMOVUPD Y2, CO2(DX)
	VMOVUPD Y3, WEIGHED(DX)
	VMOVUPD Y4, BEFORE(DX)
	VMOVUPD Y5, AFTER(DX)
	ADDQ    $32, DX
	ADDQ    $32, DI
	DECQ    CX
	JNZ     four
	VZEROUPPER
	RET
