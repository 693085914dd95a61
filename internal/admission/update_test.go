package admission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/admission/admissiontest"
)

func TestUpdates(t *testing.T) {
	checker := newChecker(t)
	for name, c := range admissiontest.Changes() {
		t.Run(name, func(t *testing.T) {
			before, after := c.Twins()
			_, err := checker.Update("twin.yaml", c.WithStatus(before), c.WithStatus(after))
			if c.Message == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.Message)
			require.NotContains(t, err.Error(), "\n", "one reason is enough")
		})
	}
}

// Each rule of the CRD is broken by some case above, and its message is what
// the reader sees: no rule is dead, none speaks in expressions.
func TestEachRuleIsSeenBroken(t *testing.T) {
	checker := newChecker(t)
	var seen strings.Builder
	for _, c := range admissiontest.Rejections() {
		_, err := checker.Read("twin.yaml", c.Doc)
		require.Error(t, err)
		seen.WriteString(err.Error() + "\n")
	}
	for _, c := range admissiontest.Changes() {
		before, after := c.Twins()
		if _, err := checker.Update("twin.yaml", c.WithStatus(before), c.WithStatus(after)); err != nil {
			seen.WriteString(err.Error() + "\n")
		}
	}
	for _, name := range []string{"a.b"} {
		_, err := checker.Read("twin.yaml", []byte(strings.Replace(string(admissiontest.With("state: Running")), "riverside", name, 1)))
		seen.WriteString(err.Error())
	}
	rules := 0
	walk(schemaForTest(t), "", func(path string, s *schemaProps) {
		for _, rule := range s.XValidations {
			rules++
			require.NotEmpty(t, rule.Message, "%s: rule %s has no message", path, rule.Rule)
			require.Contains(t, seen.String(), rule.Message, "%s: no case breaks this rule", path)
		}
	})
	require.Greater(t, rules, 80)
}
