package resources

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

const changesFile = "../../docs/reference/spec-changes.md"

// changeRow is a row of the table: field, what a change is, pods replaced, rows.
type changeRow struct{ field, change, pods, rows string }

func changeRows(t *testing.T) []changeRow {
	t.Helper()
	content, err := os.ReadFile(changesFile)
	require.NoError(t, err)
	var out []changeRow
	for _, line := range strings.Split(string(content), "\n") {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| `") || len(cells) != 6 {
			continue
		}
		trimmed := func(i int) string { return strings.TrimSpace(cells[i]) }
		out = append(out, changeRow{strings.Trim(trimmed(1), "`"), trimmed(2), trimmed(3), trimmed(4)})
	}
	return out
}

// fieldsOf are the fields of a type down to the last, in the form of a path.
func fieldsOf(of reflect.Type, path string) []string {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[v1.DigitalTwin]().PkgPath() {
		return []string{path}
	}
	var out []string
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		out = append(out, fieldsOf(of.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))...)
	}
	return out
}

// Each field of the spec has a row in the table of changes, its own or its
// parent's, and each row is of a field.
func TestSpecChangesHaveARowForEachField(t *testing.T) {
	fields := fieldsOf(reflect.TypeFor[v1.DigitalTwinSpec](), "")
	require.Greater(t, len(fields), 100)
	rows := changeRows(t)
	for _, field := range fields {
		require.True(t, slices.ContainsFunc(rows, func(r changeRow) bool {
			return field == r.field || strings.HasPrefix(field, r.field+".")
		}), "spec.%s has no row in %s: write what a change in mid-stream does", field, changesFile)
	}
	for _, r := range rows {
		require.NotEmpty(t, r.rows, r.field)
		require.True(t, slices.ContainsFunc(fields, func(field string) bool {
			return field == r.field || strings.HasPrefix(field, r.field+".")
		}), "%s has a row for spec.%s, which is no field", changesFile, r.field)
	}
}

// Each row of the table is what happens: a change that is rejected is rejected by
// the rules of the CRD, before or once the twin has run or its volumes exist; one that is applied
// replaces the pods that the row names.
func TestSpecChangesDoWhatTheirRowSays(t *testing.T) {
	checker, err := newChecker()
	require.NoError(t, err)
	examples, rows := specChanges(), changeRows(t)
	require.Len(t, examples, len(rows))
	bases := map[string]string{
		ofHouseholds: "dataset: {synthetic: {}}",
		ofFile:       "dataset: {configMap: {name: buildings-readings, key: readings.csv.gz}}\ntimescale: {managed: {backup: {schedule: \"0 3 * * *\", volume: {}}}}",
		ofURL:        "{}",
	}
	for i, r := range rows {
		t.Run(r.field, func(t *testing.T) {
			c, ok := examples[r.field]
			require.True(t, ok, "no example")
			base := mergedYAML(t, bases[c.base], c.before)
			before, after := changedTwin(base), changedTwin(mergedYAML(t, base, c.after))
			_, fresh := checker.Update("twin.yaml", before, after)
			_, late := checker.Update("twin.yaml", append(before, ran...), append(after, ran...))
			switch r.change {
			case "rejected":
				require.Error(t, fresh)
				require.Error(t, late)
				return
			case "rejected once run":
				require.NoError(t, fresh)
				require.ErrorContains(t, late, "once readings")
				return
			case "rejected once made":
				require.NoError(t, fresh)
				require.Regexp(t, "once the (volumes?|topics) exists?", late)
				return
			}
			require.NoError(t, late)
			was, is := admitted(t, string(before)), admitted(t, string(after))
			continues := build(t, is, changeInputs(is)).Config.Continues(build(t, was, changeInputs(was)).Config)
			if r.change == "stalled" {
				require.ErrorContains(t, continues, "spec.dataset")
				return
			}
			require.Equal(t, "applied", r.change)
			require.NoError(t, continues)
			got := rolled(templates(t, was, changeInputs(was)), templates(t, is, changeInputs(is)))
			slices.Sort(got)
			if *update {
				rows[i].pods = strings.Join(got, ", ")
				return
			}
			require.Equal(t, r.pods, strings.Join(got, ", "))
		})
	}
	if *update {
		writeChangeRows(t, rows)
	}
}

// ran is the status of a twin that has stored readings.
const ran = "status: {phase: Running, dataset: {meters: 200, rows: 12, quarantined: 0}, stream: {lag: 0, partitions: 12}, volumes: {" +
	"kafka: {size: 8Gi, className: standard, brokers: 1}, redis: {size: 1Gi, className: standard}, timescale: {size: 10Gi, className: standard}}}\n"

// changeInputs also hold the Secrets that only the examples name, and what the
// operator makes of requests.
func changeInputs(twin *v1.DigitalTwin) Inputs {
	in := inputs(twin)
	if o := twin.Spec.Operations; o != nil {
		in.Backup, in.Restarts = o.BackupAt, o.RestartAt
		for key := range o.RotateAt {
			in.Credentials[key] = CredentialFrom(key, bytes.Repeat([]byte{0x77}, CredentialBytes))
		}
	}
	if ts := twin.Spec.Timescale; ts != nil && ts.Managed != nil && ts.Managed.RestoreFrom != nil {
		in.Restoring, in.Restored = true, ts.Managed.RestoreFrom.ID()
	}
	in.Secrets["token"] = map[string][]byte{"token": []byte("t")}
	in.Secrets["signing"] = map[string][]byte{"secret": []byte(strings.Repeat("s", 32))}
	return in
}

func writeChangeRows(t *testing.T, rows []changeRow) {
	t.Helper()
	content, err := os.ReadFile(changesFile)
	require.NoError(t, err)
	var out []string
	for _, line := range strings.Split(string(content), "\n") {
		for _, r := range rows {
			if strings.HasPrefix(line, "| `"+r.field+"` |") {
				line = fmt.Sprintf("| `%s` | %s | %s | %s |", r.field, r.change, r.pods, r.rows)
			}
		}
		out = append(out, line)
	}
	require.NoError(t, os.WriteFile(changesFile, []byte(strings.Join(out, "\n")), 0o644))
}

// changedTwin is a twin with a spec.
func changedTwin(spec string) []byte {
	head := "apiVersion: twin.energytwin.dev/v1\nkind: DigitalTwin\nmetadata: {name: small}\nspec:\n  "
	return []byte(head + strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n  ") + "\n")
}

// mergedYAML is a spec with a change merged into it.
func mergedYAML(t *testing.T, base, change string) string {
	t.Helper()
	into, from := map[string]any{}, map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(base), &into))
	require.NoError(t, yaml.Unmarshal([]byte(change), &from))
	doc, err := yaml.Marshal(mergeMaps(into, from))
	require.NoError(t, err)
	return string(doc)
}
