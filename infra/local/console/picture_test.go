package console_test

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// maxPicture bounds the documents' pictures, in bytes, since they are committed.
const maxPicture = 150 << 10

// TestPictures takes the documents' pictures; only `make screenshots` saves them.
func TestPictures(t *testing.T) {
	org := &organization{cloud.Organizations()[0]}
	if _, err := cloud.Activate(context.Background(), org.ID()); err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.HealthCheck(context.Background(), org.ID()); err != nil {
		t.Fatal(err)
	}
	b := visit(t, org)
	b.media("prefers-reduced-motion", "reduce")
	b.showsSignage(org)
	for _, device := range org.boards()[:3] {
		b.click(checkbox(device))
	}
	b.eval(`document.activeElement.blur(); scrollTo(0, 0)`)
	b.wait(`[...document.querySelectorAll(".screen")].every((screen) => screen.dataset.shown)`)
	b.keep("control-hub.png")

	b.press("#alter-digital_signage button", "configuration altered")
	b.waitText("#differs", "1 difference")
	b.click("#status-close")
	b.media("prefers-color-scheme", "dark")
	b.eval(`document.activeElement.blur(); document.getElementById("sides").scrollIntoView({behavior: "instant"})`)
	b.keep("two-sides.png")
	b.press("#act-verify button", "Verified: 1 pushed")
}

// keep takes a picture, and saves it in the folder PICTURES, if set.
func (b *tab) keep(name string) {
	b.Helper()
	picture, folder := b.picture(), os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	picture, err := fewColors(picture)
	if err != nil {
		b.Fatal(err)
	}
	if len(picture) > maxPicture {
		b.Errorf("%s has %d bytes, more than %d", name, len(picture), maxPicture)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
		b.Fatal(err)
	}
}

// fewColors reduces a picture to its 256 most frequent colors, which makes the
// file small.
func fewColors(picture []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	uses, area := map[color.Color]int{}, full.Bounds()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			uses[full.At(x, y)]++
		}
	}
	palette := slices.SortedFunc(maps.Keys(uses), func(a, b color.Color) int { return cmp.Compare(uses[b], uses[a]) })
	small := image.NewPaletted(area, color.Palette(palette[:min(256, len(palette))]))
	nearest := map[color.Color]uint8{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			exact := full.At(x, y)
			index, known := nearest[exact]
			if !known {
				index = uint8(small.Palette.Index(exact))
				nearest[exact] = index
			}
			small.SetColorIndex(x, y, index)
		}
	}
	var text bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&text, small)
	return text.Bytes(), err
}
