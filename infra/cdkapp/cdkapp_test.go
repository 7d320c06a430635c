package cdkapp

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// TestRuntimeEndsWithoutComplaint: an older jsii waited twice for its Node
// process and, where the second won, called a good end abnormal.
func TestRuntimeEndsWithoutComplaint(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = write
	for range 3 {
		awscdk.NewApp(nil)
		jsii.Close()
	}
	os.Stderr = stderr
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(read); strings.Contains(string(said), "exited") || err != nil {
		t.Errorf("%s%v", said, err)
	}
}
