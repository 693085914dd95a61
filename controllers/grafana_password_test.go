package controllers

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Grafana 12 expands in a setting, in this order: its own variables, those of
// the environment and of files (pkg/setting/expanders.go), and references to other
// keys of the file (gopkg.in/ini.v1, key.go).
var grafanaExpands = []*regexp.Regexp{
	regexp.MustCompile(`\$(|__\w+){([^}]+)}`),
	regexp.MustCompile(`%\(([^)]+)\)s`),
}

// Each password of Grafana's administrator is either rejected or reaches Grafana
// as it is: through the statement with which the image's entry point reads the
// file (packaging/docker/run.sh), and with nothing in it that Grafana expands.
func TestGrafanaGetsThePasswordAsItIs(t *testing.T) {
	all := ""
	for c := byte(' '); c <= '~'; c++ {
		all += string(c)
	}
	accepted := []string{
		all, "$", "$$", "$HOME", "${", "${}", "$__file", "$__file{", "%", "%%", "%(", "%(a)", "%(a)d", "%()s", "{a}", "}${", ";x", "#x", `"x"`, `'x'`, "`id`", "$(id)",
		`\n`, ` x `, "-x", "[x]", "a=b", "pässwörd-密码",
	}
	for _, c := range all {
		accepted = append(accepted, string(c)+"x"+string(c))
	}
	file := filepath.Join(t.TempDir(), "admin")
	for _, password := range accepted {
		used, err := grafanaPassword([]byte(password + "\n"))
		require.NoError(t, err, password)
		require.NoError(t, os.WriteFile(file, []byte(used), 0o600))
		out, err := exec.Command("/bin/sh", "-c", `FILE=`+file+`; export VALUE="$(cat "${FILE}")"; printenv VALUE`).Output()
		require.NoError(t, err, password)
		require.Equal(t, password, strings.TrimSuffix(string(out), "\n"))
		for _, expands := range grafanaExpands {
			require.NotRegexp(t, expands, used)
		}
	}
	for _, password := range []string{"${HOME}", "a${a b}c", "$__file{/etc/passwd}", "$__env{HOME}", "$__vault{x}", "%(protocol)s", "a%(b c)sd", "${${HOME}}", "%(a)b)s"} {
		_, err := grafanaPassword([]byte(password))
		require.ErrorContains(t, err, "a variable of Grafana", password)
	}
}
