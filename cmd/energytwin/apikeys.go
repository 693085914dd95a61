package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/api/client"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// keyBook is where the API keys of a twin are managed: at its API, or in its database.
type keyBook interface {
	list(ctx context.Context) ([]api.KeyView, error)
	create(ctx context.Context, name string, scope auth.Scope, expires *time.Time) (api.CreatedKey, error)
	rotate(ctx context.Context, id string, overlap time.Duration, expires *time.Time) (api.RotatedKey, error)
	revoke(ctx context.Context, id string) error
}

// keyPlace is where keys are, as the flags have it.
type keyPlace struct {
	url, keyFile, config string
}

func (p *keyPlace) flags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVar(&p.url, "url", os.Getenv("ENERGYTWIN_URL"), "address of the twin's API (default $ENERGYTWIN_URL); without it the database of --config is used")
	f.StringVar(&p.keyFile, "key-file", "", "file with an API key of the scope admin, for --url; without it $ENERGYTWIN_API_KEY")
	f.StringVar(&p.config, "config", "/etc/energytwin/twin.yaml", "the twin's configuration document, without --url")
}

// open is the book, and what closes it.
func (p *keyPlace) open(ctx context.Context) (keyBook, func(), error) {
	if p.url == "" {
		return openStoredKeys(ctx, p.config)
	}
	key := os.Getenv("ENERGYTWIN_API_KEY")
	if p.keyFile != "" {
		text, err := os.ReadFile(p.keyFile)
		if err != nil {
			return nil, nil, fmt.Errorf("--key-file: %w", err)
		}
		key = strings.TrimSpace(string(text))
	}
	if key == "" {
		return nil, nil, errors.New("no API key: name a file with --key-file, or set ENERGYTWIN_API_KEY")
	}
	twin, err := client.New(p.url, key)
	if err != nil {
		return nil, nil, fmt.Errorf("--url: %w", err)
	}
	return keysOverHTTP{twin: twin}, func() {}, nil
}

func newAPIKeysCommand() *cobra.Command {
	var place keyPlace
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Create, list, rotate and revoke the API keys of a twin",
		Long: "Create, list, rotate and revoke the API keys of a twin: over its API with --url, or in its database, as in\n" +
			"  kubectl exec deploy/riverside-api -- energytwin api keys list\n" +
			"Keys of the twin's Secret are listed, and changed in the Secret.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	place.flags(cmd)
	cmd.AddCommand(newKeysListCommand(&place), newKeysCreateCommand(&place), newKeysRotateCommand(&place), newKeysRevokeCommand(&place))
	return cmd
}

// withKeys runs what a command does with the keys.
func withKeys(cmd *cobra.Command, place *keyPlace, run func(context.Context, keyBook) error) error {
	book, done, err := place.open(cmd.Context())
	if err != nil {
		return err
	}
	defer done()
	return run(cmd.Context(), book)
}

func newKeysListCommand(place *keyPlace) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List API keys", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd, place, func(ctx context.Context, book keyBook) error {
				keys, err := book.list(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(keys)
				}
				return printKeys(cmd.OutOrStdout(), keys)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	return cmd
}

func printKeys(out io.Writer, keys []api.KeyView) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSCOPE\tSTATE\tCREATED BY\tLAST USED\tENDS\tID")
	for _, k := range keys {
		by := "the Secret"
		if k.CreatedBy != nil {
			by = *k.CreatedBy
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Name, k.Scope, k.State, by, whenOr(k.LastUsedAt, "not yet"), whenOr(k.EndsAt, "never"), k.ID)
	}
	return w.Flush()
}

func whenOr(t *time.Time, otherwise string) string {
	if t == nil {
		return otherwise
	}
	return t.UTC().Format(time.RFC3339)
}

func newKeysCreateCommand(place *keyPlace) *cobra.Command {
	var scope, expires string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create an API key, and print it: it is shown this once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			end, err := expiry(expires)
			if err != nil {
				return err
			}
			return withKeys(cmd, place, func(ctx context.Context, book keyBook) error {
				made, err := book.create(ctx, args[0], auth.Scope(scope), end)
				if err != nil {
					return err
				}
				return shown(cmd, &made)
			})
		},
	}
	cmd.Flags().StringVar(&scope, "scope", "read", "read, operate or admin")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends, as 2035-01-31T00:00:00Z or after a time such as 8760h; never without it")
	return cmd
}

func newKeysRotateCommand(place *keyPlace) *cobra.Command {
	var expires string
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Replace an API key by a new one, and print that", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			end, err := expiry(expires)
			if err != nil {
				return err
			}
			if overlap < 0 || overlap > auth.MaxOverlap {
				return fmt.Errorf("--overlap %s: write 0s to %s", overlap, auth.MaxOverlap)
			}
			return withKeys(cmd, place, func(ctx context.Context, book keyBook) error {
				made, err := book.rotate(ctx, args[0], overlap, end)
				if err != nil {
					return err
				}
				slog.Info("the key before holds on", "until", whenOr(made.Replaced.EndsAt, "never"))
				return shown(cmd, &made.CreatedKey)
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the key before holds on")
	cmd.Flags().StringVar(&expires, "expires", "", "when the new key ends; without it after the time that the key before was made for")
	return cmd
}

func newKeysRevokeCommand(place *keyPlace) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke an API key at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withKeys(cmd, place, func(ctx context.Context, book keyBook) error { return book.revoke(ctx, args[0]) })
		},
	}
}

// shown prints a new key alone, so that a script can take it, and the rest beside.
func shown(cmd *cobra.Command, made *api.CreatedKey) error {
	slog.Info("the key is shown this once", "id", made.ID, "name", made.Name, "scope", made.Scope, "ends", whenOr(made.EndsAt, "never"))
	_, err := fmt.Fprintln(cmd.OutOrStdout(), made.Key)
	return err
}

// expiry is a time as people write it, or so long from now; nil for "".
func expiry(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		t := time.Now().Add(d)
		return &t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, fmt.Errorf("--expires %q: write it as 2035-01-31T00:00:00Z, or as a time from now such as 8760h", text)
	}
	return &t, nil
}

// timeOf is the time that a pointer names; zero for nil.
func timeOf(t *time.Time) time.Time { return *cmp.Or(t, &time.Time{}) }
