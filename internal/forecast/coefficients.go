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
	Spread     [spreadDays]int8 // errors that are usual, as codes, ascending
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
const coefficientsMagic = "ETWC\x02\x00"

var errCoefficients = errors.New("no coefficients of this version")

// Whole numbers that leaves are stored as: 16 bits, in units of the greatest.
const wholeRange = math.MaxInt16

// Encode gives the coefficients in a compact form, little-endian. Leaves are
// rounded to 16 bits, in units of the greatest of their tree.
func (c *Coefficients) Encode() []byte {
	out := append([]byte(coefficientsMagic), regressors, byte(depth))
	out = appendFloats(out, c.Regression[:])
	for i := range c.Spread {
		out = append(out, byte(c.Spread[i]))
	}
	out = binary.LittleEndian.AppendUint16(out, uint16(len(c.Forest)))
	for i := range c.Forest {
		t := &c.Forest[i]
		out = append(out, t.Feature[:]...)
		out = appendFloats(out, t.Threshold[:])
		out = appendWhole(out, t.Leaf[:])
	}
	return out
}

// DecodeCoefficients reads what Encode wrote.
func DecodeCoefficients(src []byte) (*Coefficients, error) {
	const header = len(coefficientsMagic) + 2
	const fixed = header + 4*regressors + spreadDays + 2
	const perTree = depth + 4*depth + 4 + 2<<depth
	if len(src) < fixed || string(src[:len(coefficientsMagic)]) != coefficientsMagic ||
		src[header-2] != regressors || src[header-1] != depth {
		return nil, errCoefficients
	}
	c := &Coefficients{}
	b := readFloats(src[header:], c.Regression[:])
	for i := range c.Spread {
		c.Spread[i] = int8(b[i])
	}
	b = b[spreadDays:]
	trees := int(binary.LittleEndian.Uint16(b))
	if b = b[2:]; len(b) != trees*perTree {
		return nil, fmt.Errorf("%w: %d trees in %d bytes", errCoefficients, trees, len(b))
	}
	c.Forest = make(Forest, trees)
	for i := range c.Forest {
		t := &c.Forest[i]
		b = b[copy(t.Feature[:], b):]
		for _, f := range t.Feature {
			if f >= treeFeatures {
				return nil, fmt.Errorf("%w: tree %d asks feature %d of %d", errCoefficients, i, f, treeFeatures)
			}
		}
		b = readFloats(b, t.Threshold[:])
		b = readWhole(b, t.Leaf[:])
	}
	return c, c.Forest.check()
}

// check reports whether the forest can be asked: a rank of a feature's thresholds
// has seven bits.
func (f Forest) check() error {
	var cuts [treeFeatures]map[float32]bool
	for i := range f {
		for level, feature := range f[i].Feature {
			if cuts[feature] == nil {
				cuts[feature] = map[float32]bool{}
			}
			cuts[feature][f[i].Threshold[level]] = true
			if len(cuts[feature]) > mostCuts {
				return fmt.Errorf("%w: feature %d has over %d thresholds", errCoefficients, feature, mostCuts)
			}
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
