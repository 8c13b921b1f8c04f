package dev.mpg.architecture.violations.config;

public record Model() {}
