package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/twmb/franz-go/pkg/kfake"
)

// KafkaOptions say how to run Kafka.
type KafkaOptions struct {
	// Dir keeps the log; "" is a temporary folder, deleted by Stop.
	Dir string
	// Progress receives what happens; it may be nil.
	Progress Progress
	// Partitions is the number that a topic gets when its maker names none; 0
	// is 12.
	Partitions int
	// Sync forces every batch to the disk before it is acknowledged. Without
	// it, as in Apache Kafka's defaults, an acknowledged record survives the
	// end of the process, however it comes, but maybe not a power cut.
	Sync bool
}

// KafkaServer is a running Kafka broker inside this process.
type KafkaServer struct {
	// Address is the host and port of the only broker. A folder's broker comes
	// back on the same port unless another program has taken it.
	Address string

	folder  *folder
	log     *os.File
	cluster *kfake.Cluster
}

const (
	defaultPartitions = 12
	// segmentBytes is the size at which the broker starts a new log file.
	segmentBytes = "67108864"
)

// Kafka starts a broker in this process, with its log on disk, and returns when
// it takes requests. Topics, records and the offsets of consumer groups come
// back with the folder, after a kill -9 of the process too. Stop ends it.
func Kafka(ctx context.Context, options KafkaOptions) (*KafkaServer, error) {
	folder, err := openFolder(options.Dir, "kafka")
	if err != nil {
		return nil, err
	}
	s := &KafkaServer{folder: folder}
	if err := s.start(ctx, options); err != nil {
		return nil, errors.Join(fmt.Errorf("starting Kafka in %s: %w", folder.path, err), s.Stop(context.WithoutCancel(ctx)))
	}
	options.Progress.say("an in-process Kafka serves on " + s.Address)
	return s, nil
}

// Stop ends the broker and gives up the folder. Stopping twice is harmless.
func (s *KafkaServer) Stop(context.Context) error {
	if s.cluster != nil {
		s.cluster.Close()
	}
	var err error
	if s.log != nil {
		err = s.log.Close()
		s.log = nil
	}
	return errors.Join(err, s.folder.close())
}

// LogFile is the path of the broker's own log, which holds warnings and errors.
func (s *KafkaServer) LogFile() string { return s.folder.file("kafka.log") }

func (s *KafkaServer) start(ctx context.Context, options KafkaOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	listener, err := s.listen()
	if err != nil {
		return err
	}
	if s.log, err = os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640); err != nil {
		return errors.Join(err, listener.Close())
	}
	if s.cluster, err = kfake.NewCluster(s.brokerOptions(options, listener)...); err != nil {
		_ = listener.Close() // the broker may have closed it already
		return err
	}
	s.Address = listener.Addr().String()
	return nil
}

// listen opens the broker's port: the one it had before, if it can be had again.
// The broker gets the open listener, so that nobody can take the port between.
func (s *KafkaServer) listen() (net.Listener, error) {
	if before := s.folder.portBefore(); before != 0 {
		if listener, err := net.Listen("tcp", loopback(before)); err == nil {
			return listener, nil
		}
	}
	listener, err := net.Listen("tcp", loopback(0))
	if err != nil {
		return nil, err
	}
	return listener, s.folder.keepPort(listener.Addr().(*net.TCPAddr).Port)
}

func (s *KafkaServer) brokerOptions(options KafkaOptions, listener net.Listener) []kfake.Opt {
	partitions := options.Partitions
	if partitions == 0 {
		partitions = defaultPartitions
	}
	chosen := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ClusterID("energytwin"),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return listener, nil }),
		kfake.DefaultNumPartitions(partitions),
		kfake.DataDir(s.folder.file("log")),
		kfake.BrokerConfigs(map[string]string{"log.segment.bytes": segmentBytes}),
		kfake.WithLogger(kfake.BasicLogger(s.log, kfake.LogLevelWarn)),
	}
	if options.Sync {
		chosen = append(chosen, kfake.SyncWrites())
	}
	return chosen
}
