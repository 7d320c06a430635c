package vendorapi

import (
	_ "embed"
	"net/http"

	"signpost/shared/gateway"
)

// OpenAPI is the description of the vendor API, as GET /openapi.json serves it.
//
//go:embed openapi.json
var OpenAPI string

// openAPI handles GET /openapi.json, which needs no key.
func openAPI() (gateway.Response, error) {
	return gateway.Response{
		Status: http.StatusOK, Headers: map[string]string{"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}, Body: OpenAPI,
	}, nil
}
