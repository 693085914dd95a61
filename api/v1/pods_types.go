package v1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Pods is what all pods of a twin have in common. There is no template of a
// whole pod: it would be a way to rights that the author of a twin lacks.
type Pods struct {
	// Labels of all pods, besides the operator's.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('twin.energytwin.dev/') && !k.startsWith('app.kubernetes.io/'))",message="labels that start with twin.energytwin.dev/ and app.kubernetes.io/ are the operator's; write others"
	// +optional
	Labels map[string]LabelValue `json:"labels,omitempty"`

	// Annotations of all pods, besides the operator's.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('twin.energytwin.dev/'))",message="annotations that start with twin.energytwin.dev/ are the operator's; write others"
	// +optional
	Annotations map[string]Text `json:"annotations,omitempty"`

	// Labels that a node must have.
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	NodeSelector map[string]LabelValue `json:"nodeSelector,omitempty"`

	// Taints of nodes that are tolerated.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// Where pods may and would rather run. If left out, replicas of a kind are
	// spread over nodes.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// Name of the PriorityClass of all pods.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// Secrets with which images are pulled.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	// +optional
	ImagePullSecrets []SecretReference `json:"imagePullSecrets,omitempty"`
}

// LabelValue is the value of a label.
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$')",message="write a label value: letters, digits, '-', '_' and '.', with a letter or digit at both ends"
type LabelValue string

// Text is the value of an annotation.
// +kubebuilder:validation:MaxLength=4096
type Text string

// SecretReference names a Secret in the twin's namespace.
type SecretReference struct {
	// Name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Resources is what a container asks of its node. What is left out keeps the
// default of the component.
//
// +kubebuilder:validation:XValidation:rule="!has(self.requests) || !has(self.limits) || ((!has(self.requests.memory) || !has(self.limits.memory) || quantity(string(self.requests.memory)).compareTo(quantity(string(self.limits.memory))) <= 0) && (!has(self.requests.cpu) || !has(self.limits.cpu) || quantity(string(self.requests.cpu)).compareTo(quantity(string(self.limits.cpu))) <= 0))",message="requests must not exceed limits; write a smaller request or a greater limit"
type Resources struct {
	// What the scheduler sets aside.
	// +optional
	Requests *ResourceAmounts `json:"requests,omitempty"`

	// What the container may use at most.
	// +optional
	Limits *ResourceAmounts `json:"limits,omitempty"`
}

// ResourceAmounts are amounts of computing resources.
type ResourceAmounts struct {
	// Processor cores, such as 500m or 2.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=20
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`

	// Memory, such as 512Mi.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=20
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// Storage is a volume.
type Storage struct {
	// Size, such as 10Gi. It can only grow, where the class can expand volumes.
	// +optional
	Size Size `json:"size,omitempty"`

	// StorageClass. If left out, the cluster's default. Fixed when the volume is
	// made.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ClassName string `json:"className,omitempty"`
}

// Size is an amount of storage, such as 10Gi.
//
// +kubebuilder:validation:MaxLength=20
// +kubebuilder:validation:XValidation:rule="isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",message="write a size such as 500Mi or 10Gi"
type Size string

// Quantity is the size as a quantity; zero for no text. The CRD lets only
// values pass that parse.
func (s Size) Quantity() resource.Quantity {
	q, err := resource.ParseQuantity(string(s))
	if err != nil {
		return resource.Quantity{}
	}
	return q
}
