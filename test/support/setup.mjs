// Jest runs ES modules in its own registry: these load first, once, so that decorators find Reflect.metadata
// and every Nest package sees the same @nestjs/common.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
