package contract_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"signpost/infra/template"
	"signpost/infra/tests/customer"
	"signpost/shared/gateway/vendorapi"
)

// described is the OpenAPI document.
type described struct {
	t        *testing.T
	document map[string]any
	compiler *jsonschema.Compiler
}

func openAPI(t *testing.T) described {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(vendorapi.OpenAPI))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	return described{t, document.(map[string]any), compiler}
}

// at follows names from the document's root, and references on the way. It returns the
// value, nil if there is none, and its JSON pointer.
func (d described) at(names ...string) (any, string) {
	var value any = d.document
	pointer := "#"
	for _, name := range names {
		object, _ := value.(map[string]any)
		value = object[name]
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		if reference, _ := value.(map[string]any)["$ref"].(string); reference != "" {
			value, pointer = d.at(strings.Split(strings.TrimPrefix(reference, "#/"), "/")...)
		}
	}
	return value, pointer
}

// check fails the test unless a value is what the schema at these names describes.
func (d described) check(what string, body []byte, names ...string) {
	d.t.Helper()
	value, pointer := d.at(names...)
	if value == nil {
		d.t.Errorf("%s is not described", what)
		return
	}
	schema, err := d.compiler.Compile("openapi.json" + pointer)
	if err != nil {
		d.t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(instance)
	}
	if err != nil {
		d.t.Errorf("%s is not as described: %v\n%s", what, err, body)
	}
}

// answer checks that an answer to a route's request is described.
func (d described) answer(method, route string, got answer) {
	d.t.Helper()
	media := "application/json"
	if got.Status >= 400 {
		media = "application/problem+json"
	}
	if is := got.Header.Get("Content-Type"); is != media {
		d.t.Errorf("%s %s: %d is %s", method, route, got.Status, is)
	}
	d.check(method+" "+route+" "+strconv.Itoa(got.Status), []byte(got.Body),
		"paths", route, strings.ToLower(method), "responses", strconv.Itoa(got.Status), "content", media, "schema")
}

// TestOpenAPI: the document describes exactly the function's routes, its examples fit its
// own schemas, and it is served without a key.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	read, err := template.Read("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var routes, paths []string
	for _, function := range read.Functions {
		for _, route := range function.Routes {
			if function.LogicalID == "InstallationsFunction" {
				routes = append(routes, route.Key())
			}
		}
	}
	examples := 0
	for path, methods := range d.document["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			paths = append(paths, strings.ToUpper(method)+" "+path)
			d.examples(&examples, path+" "+method, operation, "paths", path, method)
		}
	}
	for name, response := range d.document["components"].(map[string]any)["responses"].(map[string]any) {
		d.examples(&examples, name, response, "components", "responses", name)
	}
	slices.Sort(routes)
	slices.Sort(paths)
	if !slices.Equal(routes, paths) || examples < 15 {
		t.Errorf("the document has %v and %d examples, the template %v", paths, examples, routes)
	}
	got := newCustomer(t, west).Send(request{Method: "GET", Path: "/openapi.json"})
	if got.Status != http.StatusOK || got.Body != vendorapi.OpenAPI || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("served %d %s", got.Status, got.Header)
	}
}

// examples checks all examples below a value against the schemas beside them.
func (d described) examples(count *int, what string, value any, names ...string) {
	object, _ := value.(map[string]any)
	if example, has := object["example"]; has {
		text, err := json.Marshal(example)
		if err != nil {
			d.t.Fatal(err)
		}
		d.check("the example of "+what, text, append(names, "schema")...)
		*count++
	}
	for name, member := range object {
		d.examples(count, what+" "+name, member, append(slices.Clone(names), name)...)
	}
}

// vendor sends a request to the vendor API, and checks that the answer is described.
// route is the path with its variables' names.
func (d described) vendor(c *client, method, route, path string, body any) answer {
	c.Helper()
	got := c.Send(customer.VendorRequest(method, path, body, customer.VendorKey))
	d.answer(method, route, got)
	return got
}
