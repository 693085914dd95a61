package controllers

import (
	"slices"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// kafkaHelper is the image of the helper beside each broker. It is the workloads'
// image, and would take the stream down if it did not work: a broker's pod is deleted
// before the next one starts, and is ready only with its helper. The helper therefore
// keeps the image that it came up with until the workloads have come up with the
// wanted one.
func (s *scope) kafkaHelper(wanted string) string {
	kept := s.helperBefore()
	if kept == "" || s.workloadsCameUp(wanted) {
		return wanted
	}
	return kept
}

// helperBefore is the image with which the brokers came up last, "" if they never
// did.
func (s *scope) helperBefore() string {
	for _, c := range s.before.Status.Components {
		if c.Name == v1.ComponentKafka && c.HelperImage != "" {
			return c.HelperImage
		}
	}
	if !cameUp(s.was(v1.ConditionKafkaReady)) {
		return ""
	}
	// An operator from before recorded only the workloads' image.
	return resources.RunningImages(s.before).Workloads
}

// workloadsCameUp reports whether all pods of all workloads run an image, and some
// pod is ready with it.
func (s *scope) workloadsCameUp(image string) bool {
	ready := false
	for _, c := range s.before.Status.Components {
		if !slices.Contains(workloadNames, c.Name) {
			continue
		}
		if c.Image != image {
			return false
		}
		ready = ready || c.Ready > 0
	}
	return ready
}

// helperFollowed reports whether the brokers' helper has the workloads' image.
func (s *scope) helperFollowed() bool {
	i := slices.IndexFunc(s.before.Status.Components, func(c v1.ComponentStatus) bool { return c.Name == v1.ComponentKafka })
	return i < 0 || s.before.Status.Components[i].HelperImage == resources.RunningImages(s.before).Workloads
}
