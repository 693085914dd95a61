package fromtwin

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// TestEveryDeviceIsMapped: each kind of device of the resource reaches the policy,
// with all its fields, under the same name.
func TestEveryDeviceIsMapped(t *testing.T) {
	resource := reflect.TypeFor[v1.Asset]()
	kinds := 0
	for i := range resource.NumField() {
		field := resource.Field(i)
		if field.Type.Kind() != reflect.Pointer {
			continue
		}
		kinds++
		t.Run(field.Name, func(t *testing.T) {
			asset := v1.Asset{Name: "a", Group: "g"}
			device := reflect.New(field.Type.Elem())
			fill(device.Elem())
			reflect.ValueOf(&asset).Elem().Field(i).Set(device)
			mapped := reflect.ValueOf(assetOf(&asset))
			target, found := mapped.Type().FieldByName(field.Name)
			require.True(t, found, "the policy has a field of that name")
			require.Equal(t, field.Tag.Get("json"), target.Tag.Get("json"))
			got := mapped.FieldByIndex(target.Index)
			require.False(t, got.IsNil(), "write a line for it in assetOf")
			require.Equal(t, device.Elem().NumField(), got.Elem().NumField())
			for j := range got.Elem().NumField() {
				require.False(t, got.Elem().Field(j).IsZero(), "%s has no %s", field.Name, got.Elem().Type().Field(j).Name)
			}
		})
	}
	require.GreaterOrEqual(t, kinds, 4)
}

// fill sets every field of a struct to something.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.String:
		v.SetString("1")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Int32, reflect.Int64, reflect.Int:
		v.SetInt(1)
	default:
		panic("a kind of field that devices did not have: " + v.Kind().String())
	}
}
