/** Endpoints of the Services that Proxies refer to: watched, and sent to every gateway at once. Knows no reconciler. */
@NullMarked
package dev.mpg.operator.endpoints;

import org.jspecify.annotations.NullMarked;
