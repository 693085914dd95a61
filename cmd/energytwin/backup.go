package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/workloads/backup"
)

// newBackupCommand is what runs after pg_dump in a scheduled backup.
func newBackupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Keep the newest dumps of a twin's database",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBackupKeepCommand())
	return cmd
}

func newBackupKeepCommand() *cobra.Command {
	var dir, name string
	var newest int
	var bucket backup.Bucket
	cmd := &cobra.Command{
		Use:   "keep",
		Short: "Send dumps to a bucket if one is named, and delete all but the newest",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if newest < 1 {
				return errors.New("--newest: write 1 or more")
			}
			var deleted []string
			var err error
			if bucket.Name != "" {
				deleted, err = bucket.Send(cmd.Context(), dir, name, newest)
			} else {
				deleted, err = backup.Keep(dir, name, newest)
			}
			slog.Info("dumps are kept", "newest", newest, "deleted", deleted)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "/backup", "folder with the dumps")
	f.StringVar(&name, "name", "", "name of the twin (required)")
	f.IntVar(&newest, "newest", 7, "dumps that are kept")
	f.StringVar(&bucket.Name, "bucket", "", "bucket to send them to; without it they stay in the folder")
	f.StringVar(&bucket.Prefix, "prefix", "", "what the objects' names start with")
	f.StringVar(&bucket.Region, "region", "", "region of the bucket")
	f.StringVar(&bucket.Endpoint, "endpoint", "", "address of the service; AWS if empty")
	f.StringVar(&bucket.KeysDir, "keys", "", "folder with the files accessKeyID and secretAccessKey")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}
