// Package admission does to a DigitalTwin in a file what the API server does to
// one that is applied: strict decoding, the defaults of the CRD, its schema and
// its CEL rules. What passes here passes there, and the other way round.
package admission

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/config/crd"
)

// Checker applies the rules of the DigitalTwin's CRD. It is safe for concurrent
// use. Making one compiles all rules, so keep it.
type Checker struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

// New makes a Checker of the CRD that this binary holds.
func New() (*Checker, error) {
	schema, err := schemaOf(crd.DigitalTwin)
	if err != nil {
		return nil, fmt.Errorf("the CRD in this binary: %w", err)
	}
	structural, err := structuralschema.NewStructural(schema.OpenAPIV3Schema)
	if err != nil {
		return nil, fmt.Errorf("the CRD in this binary: %w", err)
	}
	validator, _, err := validation.NewSchemaValidator(schema.OpenAPIV3Schema)
	if err != nil {
		return nil, fmt.Errorf("the CRD in this binary: %w", err)
	}
	return &Checker{
		structural: structural,
		schema:     validator,
		rules:      cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}, nil
}

// Read takes the DigitalTwin out of YAML or JSON: the only document, or the only
// DigitalTwin among several. All defaults are filled in. The file's name is for
// messages. The error is Problems if the twin is rejected.
func (c *Checker) Read(file string, content []byte) (*v1.DigitalTwin, error) {
	doc, err := findTwin(file, content)
	if err != nil {
		return nil, err
	}
	object, problems := c.decode(doc)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := c.validate(doc, object, nil); len(problems) > 0 {
		return nil, problems
	}
	return typed(object)
}

// Update is Read for a twin that replaces an older one: rules that compare with
// the object before hold as well. Both are taken as Read takes them, and have the
// status of the one before, as the API server keeps it.
func (c *Checker) Update(file string, before, after []byte) (*v1.DigitalTwin, error) {
	old, err := findTwin(file, before)
	if err != nil {
		return nil, err
	}
	oldObject, problems := c.decode(old)
	if len(problems) > 0 {
		return nil, problems
	}
	doc, err := findTwin(file, after)
	if err != nil {
		return nil, err
	}
	object, problems := c.decode(doc)
	if len(problems) > 0 {
		return nil, problems
	}
	if status := statusOf(before); status != nil {
		object["status"], oldObject["status"] = status, status
	}
	if problems := c.validate(doc, object, oldObject); len(problems) > 0 {
		return nil, problems
	}
	return typed(object)
}

// statusOf is the status in a document, nil if it has none.
func statusOf(content []byte) map[string]any {
	raw, err := yaml.YAMLToJSON(content)
	if err != nil {
		return nil
	}
	var doc map[string]any
	if err := utiljson.Unmarshal(raw, &doc); err != nil { // whole numbers stay whole, as rules want them
		return nil
	}
	status, _ := doc["status"].(map[string]any)
	return status
}

// validate does what the API server does before it stores an object. Rules run
// only on an object whose shape is right.
func (c *Checker) validate(doc *document, object, old map[string]any) Problems {
	ctx := context.Background()
	errs := validateMeta(object["metadata"])
	if old == nil {
		errs = append(errs, validation.ValidateCustomResource(nil, object, c.schema)...)
	} else {
		errs = append(errs, validation.ValidateCustomResourceUpdate(nil, object, old, c.schema)...)
	}
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, c.structural, object)...)
	if !blocksRules(errs) {
		var before any // a nil map would count as an object before
		if old != nil {
			before = old
		}
		broken, _ := c.rules.Validate(ctx, nil, c.structural, object, before, celconfig.RuntimeCELCostBudget)
		errs = append(errs, broken...)
	}
	return doc.problems(errs)
}

// blocksRules reports whether rules cannot be asked, as the API server has it.
func blocksRules(errs field.ErrorList) bool {
	for _, e := range errs {
		switch e.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong,
			field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

func typed(object map[string]any) (*v1.DigitalTwin, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("digital twin: %w", err)
	}
	t := &v1.DigitalTwin{}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, fmt.Errorf("digital twin: %w", err)
	}
	t.Default()
	return t, nil
}

func schemaOf(crdYAML []byte) (*apiextensions.CustomResourceValidation, error) {
	var external apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(crdYAML, &external); err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	var definition apiextensions.CustomResourceDefinition
	if err := scheme.Convert(&external, &definition, nil); err != nil {
		return nil, err
	}
	return apiextensions.GetSchemaForVersion(&definition, v1.GroupVersion.Version)
}
