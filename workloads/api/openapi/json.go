package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// jsonFormat takes for an integer what JSON Schema takes for one: any number without a
// fraction, such as 2146.0 and 2e3. Go takes 2146 alone.
func jsonFormat() huma.Format {
	return huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
}

func unmarshal(data []byte, v any) error {
	err := huma.DefaultJSONFormat.Unmarshal(data, v)
	var other *json.UnmarshalTypeError
	if err == nil || !errors.As(err, &other) {
		return err
	}
	plain, ok := withPlainIntegers(data)
	if !ok || huma.DefaultJSONFormat.Unmarshal(plain, v) != nil {
		return err // about what the caller wrote
	}
	return nil
}

// greatestExact bounds what is written again: numbers up to it are exact in every language.
const greatestExact = 1 << 53

// withPlainIntegers is a document in which numbers without a fraction have no point and no
// exponent. It reports false where that changes nothing.
func withPlainIntegers(data []byte) ([]byte, bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, false
	}
	changed := false
	out, err := json.Marshal(plainIntegers(document, &changed))
	return out, err == nil && changed
}

func plainIntegers(v any, changed *bool) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = plainIntegers(item, changed)
		}
	case []any:
		for i, item := range v {
			v[i] = plainIntegers(item, changed)
		}
	case json.Number:
		f, err := strconv.ParseFloat(v.String(), 64)
		if err != nil || f != math.Trunc(f) || math.Abs(f) > greatestExact {
			return v
		}
		if plain := strconv.FormatInt(int64(f), 10); plain != v.String() {
			*changed = true
			return json.Number(plain)
		}
	}
	return v
}
