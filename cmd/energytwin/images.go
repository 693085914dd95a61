package main

import (
	"fmt"

	"github.com/spf13/cobra"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

func newImagesCommand() *cobra.Command {
	var file, image string
	cmd := &cobra.Command{
		Use:   "images [-f twin.yaml]",
		Short: "Print the images that a twin needs, one a line",
		Long: "Prints every image that a twin needs, for mirrors and sites without a way out. Without a file: those of a\n" +
			"twin that leaves everything to the operator.",
		Example: "  energytwin images | xargs -n1 crane pull\n  energytwin images -f twin.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			twin := &v1.DigitalTwin{}
			if file != "" {
				var err error
				if twin, err = readTwin(file); err != nil {
					return err
				}
			}
			images, err := resources.ResolveImages(twin, resources.DefaultImages(image))
			if err != nil {
				return err
			}
			for _, i := range images.List(twin) {
				fmt.Fprintln(cmd.OutOrStdout(), i)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "filename", "f", "", "file with a DigitalTwin")
	cmd.Flags().StringVar(&image, "image", workloadImage(), "image of the workloads ("+imageEnv+")")
	return cmd
}
