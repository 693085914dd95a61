package detect

import (
	"math"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/notation"
)

// findAppliedFactor drops a column of factors that was found by its name, if the values
// are those of another column times the factor already.
func (d *detective) findAppliedFactor() error {
	factor := d.index(d.doc.FactorColumn)
	if factor < 0 || d.set.FactorColumn != "" || d.shipped != "" || len(d.doc.Values) != 1 {
		return nil
	}
	value := d.index(d.doc.Values[0].Column)
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		if i == factor || i == value || !c.Mostly(notation.KindNumber) || !d.isProduct(value, i, factor) {
			continue
		}
		d.doc.FactorColumn = ""
		d.note("factorColumn", "none", dataset.Proved, "the values of "+d.header.Names[value]+" are those of "+c.Name+" times "+d.header.Names[factor]+" already")
		return nil
	}
	return nil
}

// isProduct is true if nearly all values of a column are the product of two others, some of
// them of a factor other than 1.
func (d *detective) isProduct(product, a, b int) bool {
	const within = 0.02 // of the product, as columns are rounded
	f := d.numbers()
	rows, fits, scaled := 0, 0, 0
	for _, row := range d.sample.Rows {
		want, err1 := f.Read([]byte(row[product]))
		x, err2 := f.Read([]byte(row[a]))
		y, err3 := f.Read([]byte(row[b]))
		if err1 != nil || err2 != nil || err3 != nil || want == 0 {
			continue
		}
		rows++
		if math.Abs(x*y-want) <= within*math.Abs(want) {
			fits++
			if y != 1 {
				scaled++
			}
		}
	}
	return scaled > 1 && fits*10 >= rows*9
}
