package release

import (
	"debug/buildinfo"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"

	"signpost/shared/version"
)

// writeSBOM writes the software bill of materials in CycloneDX's JSON. It lists every
// module that is linked into a program in the folders, as the programs' build information
// names them.
func writeSBOM(dir string, folders []string) error {
	modules, err := linkedModules(folders)
	if err != nil {
		return fmt.Errorf("software bill of materials: %w", err)
	}
	sbom := cyclonedx.NewBOM()
	sbom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: "signpost", Type: cyclonedx.ComponentTypeApplication, Name: "signpost", Version: version.Version,
	}}
	var components []cyclonedx.Component
	for _, module := range modules {
		path, number, _ := strings.Cut(module, "@")
		components = append(components, cyclonedx.Component{
			BOMRef: module, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: number, PackageURL: "pkg:golang/" + module,
		})
	}
	sbom.Components = &components
	file, err := os.Create(filepath.Join(dir, "sbom.cdx.json"))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := cyclonedx.NewBOMEncoder(file, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(sbom); err != nil {
		return fmt.Errorf("software bill of materials: %w", err)
	}
	return file.Close()
}

// linkedModules returns the modules of all programs in the folders, as path@version, and
// Go's standard library as std.
func linkedModules(folders []string) ([]string, error) {
	found := map[string]bool{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := buildinfo.ReadFile(path)
			if err != nil {
				return nil // not a Go program
			}
			found["std@"+strings.TrimPrefix(info.GoVersion, "go")] = true
			for _, module := range info.Deps {
				if module.Replace != nil {
					module = module.Replace
				}
				found[module.Path+"@"+module.Version] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
