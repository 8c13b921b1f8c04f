/** Where Services lead, and what becomes of it when that changes. */
package dev.mpg.operator.endpoints;
