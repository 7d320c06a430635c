// Package webex implements Webex's protocol: it verifies the tokens that Webex
// signs, exchanges refresh tokens, and calls the installation and
// feature-configuration APIs. It does not depend on the rest of the product.
//
// Facts about Webex carry the tag of their source: [page] the vendor's features
// page, [java] and [node] Cisco's two SDKs, [editor] Cisco's manifest editor, [demo]
// Cisco's demo integration, [roomos] the documentation of the devices, [token] a token
// that Webex signed, [experience] and [zoom] two vendors' own integrations, [ours] a
// decision of this project where no source says anything.
package webex
