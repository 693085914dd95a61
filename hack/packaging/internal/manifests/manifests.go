// Package manifests builds the overlays in config as `kubectl kustomize` does,
// with another image or namespace where one is asked for, and leaves the files
// in config as they are.
package manifests

import (
	"fmt"
	"io/fs"
	"os"
	"path"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// Change is what differs from the files. Empty fields change nothing.
type Change struct {
	Image     string // of the operator and of new twins: repository:tag, repository@sha256:… or both
	Namespace string // of every object that has one
	Without   string // kind of objects to leave out
}

// managerFile is the one place that names the image.
const managerFile = "manager/kustomization.yaml"

// Build renders an overlay, such as "default", of the configuration folder.
func Build(config, overlay string, change Change) (resmap.ResMap, error) {
	files, err := inMemory(config)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", config, err)
	}
	if change.Image != "" {
		if err := edit(files, managerFile, func(k *types.Kustomization) error { return setImage(k, change.Image) }); err != nil {
			return nil, err
		}
	}
	if change.Namespace != "" {
		err := edit(files, path.Join(overlay, "kustomization.yaml"), func(k *types.Kustomization) error {
			k.Namespace = change.Namespace
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	// As the kubectl command orders: what lives in a namespace comes after it, else a
	// bare cluster rejects it.
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	built, err := krusty.MakeKustomizer(options).Run(files, path.Join("/", overlay))
	if err != nil {
		return nil, fmt.Errorf("build config/%s: %w", overlay, err)
	}
	for _, r := range built.Resources() {
		if r.GetKind() == change.Without {
			if err := built.Remove(r.CurId()); err != nil {
				return nil, fmt.Errorf("leave out %s %s: %w", r.GetKind(), r.GetName(), err)
			}
		}
	}
	return built, nil
}

// inMemory copies the folder, so that it can be changed for one build.
func inMemory(dir string) (filesys.FileSystem, error) {
	files := filesys.MakeFsInMemory()
	source := os.DirFS(dir)
	err := fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		return files.WriteFile(path.Join("/", name), content)
	})
	return files, err
}

func edit(files filesys.FileSystem, name string, change func(*types.Kustomization) error) error {
	name = path.Join("/", name)
	content, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	var k types.Kustomization
	if err := k.Unmarshal(content); err != nil {
		return fmt.Errorf("config%s: %w", name, err)
	}
	if err := change(&k); err != nil {
		return fmt.Errorf("config%s: %w", name, err)
	}
	content, err = yaml.Marshal(k)
	if err != nil {
		return err
	}
	return files.WriteFile(name, content)
}

func setImage(k *types.Kustomization, reference string) error {
	if len(k.Images) != 1 {
		return fmt.Errorf("%d images where the operator's alone is expected", len(k.Images))
	}
	image, err := ParseImage(reference)
	if err != nil {
		return err
	}
	k.Images[0].NewName, k.Images[0].NewTag, k.Images[0].Digest = image.Repository, image.Tag, image.Digest
	return nil
}
