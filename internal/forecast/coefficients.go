package forecast

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Coefficients are what was learned from many meters before any twin began;
// hack/train learns them. A meter's own learning starts from them.
type Coefficients struct {
	Regression [regressors]float32
	Forest     Forest
	Width      WidthForest
	Spread     [spreadDays]int8 // errors that are usual, over the usual width, as codes, ascending
}

// shipped is written by hack/train.
//
//go:embed coefficients.bin
var shipped []byte

// Shipped are the coefficients that come with the program.
func Shipped() (*Coefficients, error) {
	c, err := DecodeCoefficients(shipped)
	if err != nil {
		return nil, fmt.Errorf("coefficients that come with the program: %w", err)
	}
	return c, nil
}

// coefficientsMagic begins the encoding, with its version.
const coefficientsMagic = "ETWC\x03\x00"

var errCoefficients = errors.New("no coefficients of this version")

// Whole numbers that leaves are stored as: 16 bits, in units of the greatest.
const wholeRange = math.MaxInt16

// Encode gives the coefficients in a compact form, little-endian. Leaves are
// rounded to 16 bits, in units of the greatest of their tree.
func (c *Coefficients) Encode() []byte {
	out := append([]byte(coefficientsMagic), regressors, treeFeatures, byte(depth))
	out = appendFloats(out, c.Regression[:])
	out = appendCodes(out, c.Spread[:])
	out = appendFloats(out, []float32{c.Width.Below, c.Width.Over})
	out = binary.LittleEndian.AppendUint16(out, uint16(len(c.Forest)))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(c.Width.Trees)))
	for i := range c.Forest {
		t := &c.Forest[i]
		out = t.append(out)
		out = appendWhole(out, t.Leaf[:])
	}
	for i := range c.Width.Trees {
		t := &c.Width.Trees[i]
		out = t.append(out)
		out = appendWhole(out, t.Below[:])
		out = appendWhole(out, t.Over[:])
	}
	return out
}

func (q *Questions) append(dst []byte) []byte {
	return appendFloats(append(dst, q.Feature[:]...), q.Threshold[:])
}

// Lengths of encodings.
const (
	headerSize    = len(coefficientsMagic) + 3
	fixedSize     = headerSize + 4*regressors + spreadDays + 4*2 + 2*2
	questionsSize = depth + 4*depth
	leavesSize    = 4 + 2<<depth
)

// DecodeCoefficients reads what Encode wrote.
func DecodeCoefficients(src []byte) (*Coefficients, error) {
	if len(src) < fixedSize || string(src[:len(coefficientsMagic)]) != coefficientsMagic ||
		[3]byte(src[headerSize-3:]) != [3]byte{regressors, treeFeatures, depth} {
		return nil, errCoefficients
	}
	c := &Coefficients{}
	b := readFloats(src[headerSize:], c.Regression[:])
	b = readCodes(b, c.Spread[:])
	var start [2]float32
	b = readFloats(b, start[:])
	c.Width.Below, c.Width.Over = start[0], start[1]
	trees, widths := int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
	if b = b[4:]; len(b) != trees*(questionsSize+leavesSize)+widths*(questionsSize+2*leavesSize) {
		return nil, fmt.Errorf("%w: %d and %d trees in %d bytes", errCoefficients, trees, widths, len(b))
	}
	c.Forest, c.Width.Trees = make(Forest, trees), make([]WidthTree, widths)
	for i := range c.Forest {
		t := &c.Forest[i]
		b = readWhole(t.read(b), t.Leaf[:])
	}
	for i := range c.Width.Trees {
		t := &c.Width.Trees[i]
		b = readWhole(t.read(b), t.Below[:])
		b = readWhole(b, t.Over[:])
	}
	return c, c.check()
}

func (q *Questions) read(src []byte) []byte {
	return readFloats(src[copy(q.Feature[:], src):], q.Threshold[:])
}

// check reports whether the forests can be asked: every feature exists, and a rank of its
// thresholds has seven bits.
func (c *Coefficients) check() error {
	questions := make([]*Questions, 0, len(c.Forest)+len(c.Width.Trees))
	for i := range c.Forest {
		questions = append(questions, &c.Forest[i].Questions)
	}
	for i := range c.Width.Trees {
		questions = append(questions, &c.Width.Trees[i].Questions)
	}
	for i, q := range questions {
		for _, f := range q.Feature {
			if f >= treeFeatures {
				return fmt.Errorf("%w: tree %d asks feature %d of %d", errCoefficients, i, f, treeFeatures)
			}
		}
	}
	for feature, cuts := range cutsOf(c.Forest, &c.Width) {
		if len(cuts) > mostCuts {
			return fmt.Errorf("%w: feature %d has %d thresholds, over %d", errCoefficients, feature, len(cuts), mostCuts)
		}
	}
	return nil
}

func appendWhole(dst []byte, values []float32) []byte {
	var most float32
	for _, v := range values {
		most = max(most, abs(v))
	}
	unit := most / wholeRange
	dst = appendFloats(dst, []float32{unit})
	for _, v := range values {
		whole := 0.0
		if unit > 0 {
			whole = math.Round(float64(v / unit))
		}
		dst = binary.LittleEndian.AppendUint16(dst, uint16(int16(whole)))
	}
	return dst
}

func readWhole(src []byte, values []float32) []byte {
	unit := math.Float32frombits(binary.LittleEndian.Uint32(src))
	src = src[4:]
	for i := range values {
		values[i] = unit * float32(int16(binary.LittleEndian.Uint16(src[2*i:])))
	}
	return src[2*len(values):]
}
