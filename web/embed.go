// Package web holds the built user interface and the documentation page, so
// that the binary is all there is to deploy.
package web

import (
	"embed"
	"io/fs"
)

// dist is what `npm run build` writes. Without a build it holds one empty
// file, so that the Go code compiles.
//
//go:embed all:dist
var dist embed.FS

// Files is the build, and whether there is one: index.html for the user
// interface, docs.html for the API documentation, and assets.
func Files() (files fs.FS, built bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist, false
	}
	_, err = fs.Stat(files, "index.html")
	return files, err == nil
}
