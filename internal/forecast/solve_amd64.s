#include "textflag.h"

// Offsets within a solveLanes.
#define RIGHT 8192
#define INVERSE 8704
#define FLOOR 9216

// Bytes of a row of the matrix, and of an entry.
#define ROW 512
#define ENTRY 32

DATA unit<>+0x00(SB)/8, $0x3ff0000000000000
GLOBL unit<>(SB), RODATA|NOPTR, $8

// func decompose(l *solveLanes)
TEXT ·decompose(SB), NOSPLIT, $0-8
	MOVQ         l+0(FP), DI
	VBROADCASTSD unit<>(SB), Y15
	VMOVUPD      FLOOR(DI), Y14
	MOVQ         DI, R9         // the entry on the diagonal
	LEAQ         RIGHT(DI), R11
	LEAQ         INVERSE(DI), R12
	MOVQ         $16, CX        // columns that are left

column:
	VMAXPD  (R9), Y14, Y0
	VSQRTPD Y0, Y0
	VDIVPD  Y0, Y15, Y1
	VMOVUPD Y1, (R12)
	VMULPD  (R11), Y1, Y2
	VMOVUPD Y2, (R11)
	LEAQ    ROW(R9), R10   // the entry below
	LEAQ    ENTRY(R11), R8
	MOVQ    $1, DX         // entries of the row to change

row:
	CMPQ    DX, CX
	JEQ     next
	VMULPD  (R10), Y1, Y3
	VMOVUPD Y3, (R10)
	VMULPD  Y2, Y3, Y4
	VMOVUPD (R8), Y5
	VSUBPD  Y4, Y5, Y5
	VMOVUPD Y5, (R8)
	LEAQ    ENTRY(R10), R13
	LEAQ    ROW(R9), BX
	MOVQ    DX, AX

entry:
	VMULPD  (BX), Y3, Y6
	VMOVUPD (R13), Y7
	VSUBPD  Y6, Y7, Y7
	VMOVUPD Y7, (R13)
	ADDQ    $ROW, BX
	ADDQ    $ENTRY, R13
	DECQ    AX
	JNZ     entry
	ADDQ    $ROW, R10
	ADDQ    $ENTRY, R8
	INCQ    DX
	JMP     row

next:
	ADDQ $(ROW+ENTRY), R9
	ADDQ $ENTRY, R11
	ADDQ $ENTRY, R12
	DECQ CX
	JNZ  column

	// Backwards: R9, R11 and R12 are one entry past the last.
	MOVQ $0, DX // unknowns that are found

unknown:
	SUBQ    $(ROW+ENTRY), R9
	SUBQ    $ENTRY, R11
	SUBQ    $ENTRY, R12
	VMOVUPD (R11), Y0
	LEAQ    ROW(R9), R10
	LEAQ    ENTRY(R11), R8
	MOVQ    DX, AX
	TESTQ   AX, AX
	JZ      found

known:
	VMOVUPD (R10), Y1
	VMULPD  (R8), Y1, Y1
	VSUBPD  Y1, Y0, Y0
	ADDQ    $ROW, R10
	ADDQ    $ENTRY, R8
	DECQ    AX
	JNZ     known

found:
	VMULPD  (R12), Y0, Y0
	VMOVUPD Y0, (R11)
	INCQ    DX
	CMPQ    DX, $16
	JNE     unknown
	VZEROUPPER
	RET
