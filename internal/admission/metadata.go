package admission

import (
	"encoding/json"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
)

// validateMeta checks names, labels and annotations. A missing namespace is the
// default one, as with kubectl.
func validateMeta(metadata any) field.ErrorList {
	path := field.NewPath("metadata")
	meta, _, err := decodeMeta(metadata)
	if err != nil {
		return field.ErrorList{field.Invalid(path, metadata, err.Error())}
	}
	if meta.Name == "" {
		return field.ErrorList{field.Required(path.Child("name"), "")}
	}
	if meta.Namespace == "" {
		meta.Namespace = metav1.NamespaceDefault
	}
	return apivalidation.ValidateObjectMeta(meta, true, nameIsLeftToTheRule, path)
}

// nameIsLeftToTheRule accepts any name: a rule of the CRD is stricter than what
// all resources share, and reports it better.
func nameIsLeftToTheRule(string, bool) []string { return nil }

// decodeMeta decodes the metadata of an object and reports which of its fields are
// unknown.
func decodeMeta(metadata any) (*metav1.ObjectMeta, []error, error) {
	meta := &metav1.ObjectMeta{}
	if metadata == nil {
		return meta, nil, nil
	}
	raw, err := json.Marshal(metadata)
	if err != nil {
		return nil, nil, err
	}
	unknown, err := kjson.UnmarshalStrict(raw, meta)
	return meta, unknown, err
}
