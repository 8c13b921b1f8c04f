/**
 * Proxy instances and gateways as processes of this machine: started, watched, started again, and found again by the next
 * operator. What it knows of them is on disk, in a state folder that one operator at a time uses. No Kubernetes here.
 */
@NullMarked
package dev.mpg.operator.infrastructure.host;

import org.jspecify.annotations.NullMarked;
