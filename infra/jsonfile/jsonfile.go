// Package jsonfile writes JSON that people read too: indented, and with the
// characters &, < and > unescaped, so that addresses stay readable.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
)

// Encode encodes a value, with a line end after it.
func Encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// Write replaces a file atomically: an interrupted call leaves the old one.
func Write(file string, value any, mode fs.FileMode) error {
	text, err := Encode(value)
	if err == nil {
		err = os.WriteFile(file+".new", text, mode)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	return err
}
