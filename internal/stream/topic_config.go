package stream

import (
	"context"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
)

// updateConfig sets what the topic's configuration lacks. Where this client
// may not look at it, it is left to those who run the cluster.
func (c *Client) updateConfig(ctx context.Context, t Topic) error {
	have, err := c.topicConfig(ctx, t.Name)
	if isNotAllowed(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the configuration of topic %s: %w", t.Name, err)
	}
	change := kafka.IncrementalAlterConfigsRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: t.Name}
	var differs []string
	for _, want := range t.configEntries() {
		if have[want.ConfigName] != want.ConfigValue {
			change.Configs = append(change.Configs, kafka.IncrementalAlterConfigsRequestConfig{
				Name: want.ConfigName, Value: want.ConfigValue, ConfigOperation: kafka.ConfigOperationSet,
			})
			differs = append(differs, want.ConfigName+"="+want.ConfigValue)
		}
	}
	if len(differs) == 0 {
		return nil
	}
	res, err := c.kafka.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{change},
	})
	if err == nil && len(res.Resources) > 0 {
		err = res.Resources[0].Error
	}
	if err != nil {
		return fmt.Errorf("topic %s needs %s, which could not be set: %w", t.Name, strings.Join(differs, ", "), err)
	}
	return nil
}

// topicConfig is the configuration of a topic, defaults included.
func (c *Client) topicConfig(ctx context.Context, name string) (map[string]string, error) {
	res, err := c.kafka.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: name}},
	})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, r := range res.Resources {
		if r.Error != nil {
			return nil, r.Error
		}
		for _, e := range r.ConfigEntries {
			out[e.ConfigName] = e.ConfigValue
		}
	}
	return out, nil
}
