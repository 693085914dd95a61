package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Version is the version of Kafka that tests run against.
const Version = "4.1.1"

var errNoMaven = errors.New("mvn is not on PATH, and the jars of Kafka are not in the cache")

// project asks Maven for the broker, its command-line tools, and something
// that prints the log.
const project = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>energytwin</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>%[1]s</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>%[1]s</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

// jars is the class path of the broker. The jars are fetched once and kept in
// the user's cache folder.
func jars(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "energytwin", "kafka-"+Version)
	classes := filepath.Join(folder, "libs") + "/*"
	if _, err := os.Stat(folder); err == nil {
		return classes, nil
	}
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return "", errNoMaven
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return "", err
	}
	// Tests of several packages run at once: the folder appears only whole.
	part, err := os.MkdirTemp(filepath.Dir(folder), "kafka-part-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(part)
	pom := filepath.Join(part, "pom.xml")
	if err := os.WriteFile(pom, fmt.Appendf(nil, project, Version), 0o600); err != nil {
		return "", err
	}
	fetch := exec.CommandContext(ctx, maven, "-q", "-B", "-f", pom,
		"dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(part, "libs"), "-DincludeScope=runtime")
	if out, err := fetch.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch with Maven: %w\n%s", err, out)
	}
	if err := os.Rename(part, folder); err != nil {
		if _, there := os.Stat(folder); there == nil {
			return classes, nil // another process was faster
		}
		return "", err
	}
	return classes, nil
}
