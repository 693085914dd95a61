// Package v1 is the DigitalTwin resource: its types, defaults and rules. It
// imports no client, so that everything may import it.
//
// +kubebuilder:object:generate=true
// +groupName=twin.energytwin.dev
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of everything that this project defines.
const Group = "twin.energytwin.dev"

// Kind is the kind of the resource.
const Kind = "DigitalTwin"

// Names under which the resource is registered and known.
var (
	GroupVersion  = schema.GroupVersion{Group: Group, Version: "v1"}
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	AddToScheme   = SchemeBuilder.AddToScheme
)

func addKnownTypes(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &DigitalTwin{}, &DigitalTwinList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
