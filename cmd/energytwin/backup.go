package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/workloads/backup"
)

// reportedDumps bounds a termination message, which has room for 4 KiB.
const reportedDumps = 16

// newBackupCommand has what runs beside pg_dump and pg_restore.
func newBackupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "backup",
		Short:  "Keep and fetch the dumps of a twin's database (runs beside pg_dump)",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE:   func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBackupKeepCommand(), newBackupFetchCommand())
	return cmd
}

func newBackupKeepCommand() *cobra.Command {
	var dir, name, message string
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
			var out backup.Outcome
			var err error
			if bucket.Name != "" {
				out, err = bucket.Send(cmd.Context(), dir, name, newest)
			} else {
				out, err = backup.Keep(dir, name, newest)
			}
			if err != nil {
				return err
			}
			slog.Info("dumps are kept", "newest", newest, "dumps", out.Dumps, "deleted", out.Deleted)
			return reportDumps(message, out.Dumps)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "/backup", "folder with the dumps")
	f.StringVar(&name, "name", "", "name of the twin (required)")
	f.IntVar(&newest, "newest", 7, "dumps that are kept")
	f.StringVar(&message, "termination-log", "/dev/termination-log", "file that gets the names of the dumps, if it exists")
	bucketFlags(cmd, &bucket)
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

func newBackupFetchCommand() *cobra.Command {
	var dir, dump string
	var bucket backup.Bucket
	cmd := &cobra.Command{
		Use:   "fetch",
		Short: "Copy a dump from a bucket into a folder",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bucket.Fetch(cmd.Context(), dir, dump)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "/backup", "folder for the dump")
	f.StringVar(&dump, "dump", "", "name of the dump's file (required)")
	bucketFlags(cmd, &bucket)
	_ = cmd.MarkFlagRequired("dump")
	_ = cmd.MarkFlagRequired("bucket")
	return cmd
}

func bucketFlags(cmd *cobra.Command, bucket *backup.Bucket) {
	f := cmd.Flags()
	f.StringVar(&bucket.Name, "bucket", "", "bucket of the dumps; without it they stay in the folder")
	f.StringVar(&bucket.Prefix, "prefix", "", "what the objects' names start with")
	f.StringVar(&bucket.Region, "region", "", "region of the bucket")
	f.StringVar(&bucket.Endpoint, "endpoint", "", "address of the service; AWS if empty")
	f.StringVar(&bucket.KeysDir, "keys", "", "folder with the files accessKeyID and secretAccessKey")
}

// reportDumps writes the newest dumps where the operator finds them.
func reportDumps(file string, dumps []string) error {
	if _, err := os.Stat(file); err != nil {
		return nil // not in a pod
	}
	doc, err := json.Marshal(config.BackupOutcome{Dumps: dumps[:min(len(dumps), reportedDumps)]})
	if err != nil {
		return err
	}
	return os.WriteFile(file, doc, 0o600)
}
