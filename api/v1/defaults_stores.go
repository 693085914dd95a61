package v1

import "k8s.io/apimachinery/pkg/api/resource"

func (k *Kafka) setDefaults() {
	object(&k.Topics)
	number(&k.Topics.Partitions, DefaultPartitions)
	object(&k.Topics.Retention)
	text(&k.Topics.Retention.Time, "0s")
	if e := k.External; e != nil {
		number(&e.ReplicationFactor, DefaultReplicationFactor)
		text(&e.SASLMechanism, "SCRAM-SHA-512")
		return
	}
	object(&k.Managed)
	m := k.Managed
	number(&m.Replicas, 1)
	object(&m.Storage)
	text(&m.Storage.Size, DefaultKafkaStorage)
	object(&m.Resources)
	m.Resources.setDefaults(kafkaResources)
}

func (r *Redis) setDefaults() {
	if r.External != nil {
		return
	}
	object(&r.Managed)
	m := r.Managed
	object(&m.Storage)
	text(&m.Storage.Size, DefaultRedisStorage)
	object(&m.Resources)
	m.Resources.setDefaults(redisResources)
	text(&m.MaxMemory, threeQuarters(m.Resources.Limits.Memory))
}

func (t *Timescale) setDefaults() {
	object(&t.Retention)
	text(&t.Retention.Raw, "0s")
	text(&t.Retention.Decisions, "0s")
	text(&t.CompressAfter, "168h")
	if e := t.External; e != nil {
		number(&e.Port, 5432)
		return
	}
	object(&t.Managed)
	m := t.Managed
	object(&m.Storage)
	text(&m.Storage.Size, DefaultTimescaleStorage)
	object(&m.Resources)
	m.Resources.setDefaults(timescaleResources)
	if b := m.Backup; b != nil {
		number(&b.Keep, 7)
		if b.Volume != nil {
			text(&b.Volume.Size, DefaultBackupStorage)
		}
	}
}

// threeQuarters leaves the rest of a store's memory to buffers and to the copy
// that a snapshot makes.
func threeQuarters(limit *resource.Quantity) Size {
	return Size(resource.NewQuantity(limit.Value()/4*3, resource.BinarySI).String())
}
