package resources

import (
	"fmt"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// redisUser is the user of the public image.
const redisUser = 999

const (
	redisConfDir   = "/usr/local/etc/redis" // as the public image documents it; /etc/redis is closed to others in distributions
	redisSecretDir = secretsDir + "/store"
)

// redis makes one store of windows and model states. It is a cache that can be
// made again, but doing so takes a while: hence the append-only file.
func (b *builder) redis() {
	if b.spec.Redis.External != nil {
		return
	}
	name := b.name(v1.ComponentRedis)
	own(b, StepRedis, v1.ComponentRedis, corev1ac.ConfigMap(name, b.twin.Namespace).
		WithData(map[string]string{"redis.conf": b.redisConf()}))
	own(b, StepRedis, v1.ComponentRedis, corev1ac.Service(name, b.twin.Namespace).WithSpec(corev1ac.ServiceSpec().
		WithSelector(SelectorLabels(b.twin.Name, v1.ComponentRedis)).
		WithPorts(servicePort("redis", PortRedis))))
	own(b, StepRedis, v1.ComponentRedis, b.storeSet(v1.ComponentRedis, b.storeRunning(1), b.spec.Redis.Managed.Storage, b.redisPod()))
}

func (b *builder) redisConf() string {
	memory := b.spec.Redis.Managed.MaxMemory.Quantity()
	return strings.Join([]string{
		fmt.Sprintf("port %d", PortRedis),
		"protected-mode no", // users are in the access list
		"aclfile " + redisSecretDir + "/users.acl",
		"dir /data",
		"appendonly yes",
		"appendfsync everysec",
		"auto-aof-rewrite-min-size 32mb",
		`save ""`,
		fmt.Sprintf("maxmemory %d", memory.Value()),
		// A window that was evicted would count as one that never was.
		"maxmemory-policy noeviction",
		"tcp-keepalive 60",
	}, "\n") + "\n"
}

func (b *builder) redisPod() *corev1ac.PodTemplateSpecApplyConfiguration {
	return b.template(pod{
		component:  v1.ComponentRedis,
		user:       redisUser,
		group:      redisUser,
		reads:      hashOf(b.redisConf(), b.redisAccess()),
		containers: []*corev1ac.ContainerApplyConfiguration{b.redisContainer(b.in.Images.Redis)},
		grace:      30,
		volumes:    b.redisVolumes(),
	})
}

func (b *builder) redisVolumes() []*corev1ac.VolumeApplyConfiguration {
	return []*corev1ac.VolumeApplyConfiguration{
		scratch("tmp"),
		configMapVolume("config", b.name(v1.ComponentRedis)),
		secretVolume("secrets", ConnectionsName(b.twin.Name), map[string]string{keyRedisAccess: "users.acl", keyRedisPass: "password"}),
	}
}

func (b *builder) redisContainer(image string) *corev1ac.ContainerApplyConfiguration {
	ping := execProbe("/bin/sh", "-c", fmt.Sprintf(
		`REDISCLI_AUTH="$(cat %s/password)" redis-cli -p %d --user %s ping | grep -q PONG`, redisSecretDir, PortRedis, StoreUser))
	alive := tcpProbe("redis")
	return corev1ac.Container().WithName("redis").WithImage(image).
		WithCommand("redis-server", redisConfDir+"/redis.conf").
		WithPorts(port("redis", PortRedis)).
		WithStartupProbe(tcpProbe("redis").WithPeriodSeconds(2).WithFailureThreshold(150)). // reading the file takes a while
		WithLivenessProbe(alive).
		WithReadinessProbe(ping).
		WithResources(resourcesOf(b.spec.Redis.Managed.Resources)).
		WithVolumeMounts(mount("data", "/data"), mount("tmp", "/tmp"), readOnly("config", redisConfDir), readOnly("secrets", redisSecretDir))
}
