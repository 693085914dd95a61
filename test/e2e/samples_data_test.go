package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/energytwin/energytwin/controllers/resources"
)

var mustParse = resource.MustParse

// hourlyPrices are those that the production sample reads.
func hourlyPrices() []byte {
	var out bytes.Buffer
	pack := gzip.NewWriter(&out)
	fmt.Fprintln(pack, "timestamp,price_gbp_per_kwh")
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for hour := range 366 * 24 {
		fmt.Fprintf(pack, "%s,0.%d\n", start.Add(time.Duration(hour)*time.Hour).Format(time.RFC3339), 12+hour%24)
	}
	_ = pack.Close() // into memory
	return out.Bytes()
}

// halfHours are the readings that the production sample reads: three meters in
// Wh, by local time without an offset.
func halfHours() []byte {
	var out bytes.Buffer
	pack, err := zstd.NewWriter(&out)
	if err != nil {
		panic(err) // of options that were not given
	}
	fmt.Fprintln(pack, "mpan,read_at,consumption,feeder")
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // a zone that every system has
	}
	for at := time.Date(2025, 1, 1, 0, 0, 0, 0, zone); at.Year() == 2025; at = at.Add(30 * time.Minute) {
		for meter := range 3 {
			fmt.Fprintf(pack, "%d,%s,%d,feeder-10%d\n", 1_000_001+meter, at.Format("2006-01-02 15:04:05"), 150+10*at.Hour()+meter, 1+meter)
		}
	}
	_ = pack.Close() // into memory
	return out.Bytes()
}

// shell is a running pod in which commands can be run, with a claim at /data. It
// has the image of the database, which every twin needs anyway.
func (s *space) shell(name, claim string) *corev1.Pod {
	s.t.Helper()
	pod := &corev1.Pod{ObjectMeta: s.meta(name), Spec: corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](70), FSGroup: ptr.To[int64](70),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "shell", Image: resources.DefaultImages(s.image).Timescale, Command: []string{"sleep", "3600"},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}}
	if claim != "" {
		pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
		pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
		}}}
	}
	s.make(pod)
	s.runs(name)
	return pod
}

// runs waits until a pod's containers are ready.
func (s *space) runs(pod string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("pod %s/%s ready", s.name, pod), func() (string, bool) {
		p := &corev1.Pod{}
		if err := s.Get(s.t.Context(), s.key(pod), p); err != nil {
			return err.Error(), false
		}
		return string(p.Status.Phase) + " " + unmet(p), podReady(p)
	})
}

func podReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
		}
	}
	return false
}
