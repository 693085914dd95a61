package backup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/energytwin/energytwin/internal/config"
)

// Bucket is a place in a service that speaks S3.
type Bucket struct {
	Endpoint string // http or https address; "" is AWS
	Name     string
	Prefix   string // what the names of the dumps start with
	Region   string
	KeysDir  string // folder with the files accessKeyID and secretAccessKey
}

func (b Bucket) client() (*minio.Client, error) {
	id, err := config.ReadSecret("accessKeyID", filepath.Join(b.KeysDir, "accessKeyID"))
	if err != nil {
		return nil, fmt.Errorf("keys of the bucket: %w", err)
	}
	secret, err := config.ReadSecret("secretAccessKey", filepath.Join(b.KeysDir, "secretAccessKey"))
	if err != nil {
		return nil, fmt.Errorf("keys of the bucket: %w", err)
	}
	at := &url.URL{Scheme: "https", Host: "s3.amazonaws.com"}
	if b.Endpoint != "" {
		if at, err = url.Parse(b.Endpoint); err != nil {
			return nil, fmt.Errorf("address of the bucket: %w", err)
		}
	}
	return minio.New(at.Host, &minio.Options{
		Secure: at.Scheme == "https", Region: b.Region,
		Creds: credentials.NewStaticV4(id, secret, ""),
	})
}

// Send copies a twin's dumps from a folder into the bucket, then deletes all but
// the newest there.
func (b Bucket) Send(ctx context.Context, dir, twin string, newest int) (Outcome, error) {
	dumps, err := Dumps(dir, twin)
	if err != nil {
		return Outcome{}, err
	}
	if len(dumps) == 0 {
		return Outcome{}, fmt.Errorf("no dump of %s in %s", twin, dir)
	}
	client, err := b.client()
	if err != nil {
		return Outcome{}, err
	}
	for _, dump := range dumps {
		object := b.Prefix + filepath.Base(dump)
		if _, err := client.FPutObject(ctx, b.Name, object, dump, minio.PutObjectOptions{ContentType: "application/octet-stream"}); err != nil {
			return Outcome{}, fmt.Errorf("send %s to bucket %s: %w", object, b.Name, err)
		}
	}
	return b.prune(ctx, client, twin, newest)
}

func (b Bucket) prune(ctx context.Context, client *minio.Client, twin string, newest int) (Outcome, error) {
	var dumps []string
	for object := range client.ListObjects(ctx, b.Name, minio.ListObjectsOptions{Prefix: b.Prefix + twin + "-"}) {
		if object.Err != nil {
			return Outcome{}, fmt.Errorf("list bucket %s: %w", b.Name, object.Err)
		}
		if isDump(path.Base(object.Key), twin) {
			dumps = append(dumps, object.Key)
		}
	}
	slices.Sort(dumps)
	out := outcomeOf(dumps, newest)
	var failed []error
	for _, object := range out.Deleted {
		failed = append(failed, client.RemoveObject(ctx, b.Name, object, minio.RemoveObjectOptions{}))
	}
	return out, errors.Join(failed...)
}

// Fetch copies one dump from the bucket into a folder, whole or not at all.
func (b Bucket) Fetch(ctx context.Context, dir, dump string) error {
	client, err := b.client()
	if err != nil {
		return err
	}
	object := b.Prefix + dump
	if err := client.FGetObject(ctx, b.Name, object, filepath.Join(dir, dump), minio.GetObjectOptions{}); err != nil {
		return fmt.Errorf("fetch %s from bucket %s: %w", object, b.Name, err)
	}
	return nil
}
