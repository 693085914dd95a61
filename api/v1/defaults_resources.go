package v1

import "k8s.io/apimachinery/pkg/api/resource"

// footprint is what a component asks for by default. There is no CPU limit:
// throttling a broker or a database in bursts costs more than it saves.
type footprint struct{ cpu, memory, memoryLimit string }

// The defaults of a whole twin stay within 1 CPU and 1.5 GiB requested and
// 2.25 GiB limited, with 64Mi left for the preparing Job: a node of 4 GiB holds
// one twin. A test adds them up.
var (
	kafkaResources      = footprint{cpu: "250m", memory: "512Mi", memoryLimit: "640Mi"}
	redisResources      = footprint{cpu: "50m", memory: "64Mi", memoryLimit: "128Mi"}
	timescaleResources  = footprint{cpu: "250m", memory: "384Mi", memoryLimit: "512Mi"}
	generatorResources  = footprint{cpu: "50m", memory: "64Mi", memoryLimit: "160Mi"}
	bridgeResources     = footprint{cpu: "50m", memory: "48Mi", memoryLimit: "128Mi"}
	processorResources  = footprint{cpu: "150m", memory: "128Mi", memoryLimit: "256Mi"}
	apiResources        = footprint{cpu: "50m", memory: "64Mi", memoryLimit: "128Mi"}
	prometheusResources = footprint{cpu: "50m", memory: "128Mi", memoryLimit: "224Mi"}
	grafanaResources    = footprint{cpu: "50m", memory: "96Mi", memoryLimit: "192Mi"}
)

func (r *Resources) setDefaults(f footprint) {
	object(&r.Requests)
	object(&r.Limits)
	number(&r.Limits.Memory, resource.MustParse(f.memoryLimit))
	amount(&r.Requests.CPU, f.cpu, r.Limits.CPU)
	amount(&r.Requests.Memory, f.memory, r.Limits.Memory)
	// A pod that requests more than its limit is rejected.
	if r.Limits.Memory.Cmp(*r.Requests.Memory) < 0 {
		raised := r.Requests.Memory.DeepCopy()
		r.Limits.Memory = &raised
	}
}

// amount sets a request that is absent, to no more than the limit.
func amount(field **resource.Quantity, def string, limit *resource.Quantity) {
	if *field != nil {
		return
	}
	q := resource.MustParse(def)
	if limit != nil && limit.Cmp(q) < 0 {
		q = limit.DeepCopy()
	}
	*field = &q
}
