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

// writeBill writes the software bill of materials, in CycloneDX's JSON: every
// module that is linked into a program in folders. It reads them from the programs'
// build information.
func writeBill(dir string, folders []string) error {
	modules, err := linkedModules(folders)
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: "signpost", Type: cyclonedx.ComponentTypeApplication, Name: "signpost", Version: version.Version,
	}}
	var components []cyclonedx.Component
	for _, module := range modules {
		name, number, _ := strings.Cut(module, "@")
		components = append(components, cyclonedx.Component{
			BOMRef: module, Type: cyclonedx.ComponentTypeLibrary, Name: name, Version: number, PackageURL: "pkg:golang/" + module,
		})
	}
	bill.Components = &components
	file, err := os.Create(filepath.Join(dir, "sbom.cdx.json"))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := cyclonedx.NewBOMEncoder(file, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bill); err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	return file.Close()
}

// linkedModules returns the modules of all programs in folders, as name@version,
// and Go's standard library.
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
