// Import this first where DTO modules are evaluated before `authsec` is: without it their property types are lost.
import 'reflect-metadata'
