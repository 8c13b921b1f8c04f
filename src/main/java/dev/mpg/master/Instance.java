package dev.mpg.master;

/**
 * A proxy instance as the Master knows it.
 *
 * @param name {@code <scheduler>-<ordinal>}
 * @param connected whether it has an open stream
 * @param xdsAddress host:port where gateways reach it; empty when it has never connected
 * @param debugAddress host:port of its debug endpoints; empty when it has never connected
 */
public record Instance(String name, boolean connected, String xdsAddress, String debugAddress) {}
